"""What is built for others holds everything that the bot needs, and nothing else."""

import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.support.wheel import built, tracked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    return zipfile.Path(built(tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def names(wheel: zipfile.Path) -> set[str]:
    return {name for name in wheel.root.namelist() if not name.endswith("/")}


@pytest.fixture(scope="module")
def info(wheel: zipfile.Path) -> zipfile.Path:
    """The folder with what the package says of itself."""
    [found] = (part for part in wheel.iterdir() if part.name.endswith(".dist-info"))
    return found


def test_it_holds_all_of_the_package_and_nothing_else(names: set[str], info: zipfile.Path) -> None:
    assert {name for name in names if not name.startswith(info.name)} == set(tracked("bot"))


@pytest.mark.parametrize(
    "name",
    [
        "bot/py.typed",
        "bot/migrations/0001_squashed_0008_one_index_of_states.py",
        "bot/localslack/page/index.html",
        "bot/localslack/limits.json",
    ],
)
def test_what_no_import_would_miss_is_inside(names: set[str], name: str) -> None:
    assert name in names


def test_it_brings_the_command(info: zipfile.Path) -> None:
    assert "runtask = bot.__main__:main" in (info / "entry_points.txt").read_text()


def test_it_says_what_it_is(info: zipfile.Path) -> None:
    said = message_from_bytes((info / "METADATA").read_bytes())
    assert said["Name"] == "runtask"
    assert said["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in said.get_all("Classifier", [])
    assert str(said.get_payload()).startswith(Path("README.md").read_text()[:100])
