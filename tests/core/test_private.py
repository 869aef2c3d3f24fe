"""Folders and files that only their owner can read."""

import stat
from pathlib import Path

import pytest

from bot.core import private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_folders_are_private_and_existing_ones_stay_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "parent" / "data"
    private.make_folder(folder)
    file = folder / "file"
    private.make_file(file)
    assert (mode(folder), mode(file)) == (0o700, 0o600)
    file.write_text("kept")
    folder.chmod(0o755)
    file.chmod(0o644)
    private.make_folder(folder)
    private.make_file(file)
    assert (mode(folder), mode(file), file.read_text()) == (0o755, 0o644, "kept")


@pytest.mark.parametrize(
    ("above", "folder", "file", "is_open"),
    [
        (0o755, 0o755, 0o644, True),
        (0o755, 0o711, 0o604, True),
        (0o755, 0o755, 0o602, True),
        (0o755, 0o755, 0o640, False),
        (0o755, 0o700, 0o644, False),
        (0o755, 0o750, 0o644, False),
        (0o700, 0o755, 0o644, False),
    ],
)
def test_a_file_is_open_to_others_if_all_folders_above_it_are(
    tmp_path: Path, above: int, folder: int, file: int, *, is_open: bool
) -> None:
    path = tmp_path / "above" / "folder" / "file"
    path.parent.mkdir(parents=True)
    path.touch()
    for one, its_mode in ((path, file), (path.parent, folder), (path.parent.parent, above)):
        one.chmod(its_mode)
    assert private.is_open(path, below=tmp_path) is is_open


def test_a_missing_file_is_open_to_nobody(tmp_path: Path) -> None:
    assert not private.is_open(tmp_path / "nothing")
