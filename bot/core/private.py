"""Files that only their owner can read, whatever the umask is."""

import os
import stat
from pathlib import Path

OTHERS = stat.S_IROTH | stat.S_IWOTH


def make_folder(folder: Path) -> None:
    """Makes a folder for its owner only. Folders above it that are missing get the usual mode. Raises OSError.

    An existing folder stays as it is, as others may need it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_file(file: Path) -> None:
    """Makes an empty file, unless it exists. SQLite gives the files beside it the same mode. Raises OSError."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def is_open(file: Path, *, below: Path = Path("/")) -> bool:
    """Whether every user of this machine can read or change it. Looks at the folders between `below` and the file."""
    file = file.absolute()
    try:
        above = [folder for folder in file.parents if folder.is_relative_to(below) and folder != below]
        can_enter = all(folder.stat().st_mode & stat.S_IXOTH for folder in above)
        return can_enter and bool(file.stat().st_mode & OTHERS)
    except OSError:
        return False
