"""The wheel, built from what git has, as somebody builds it who installs this elsewhere."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked(*paths: str) -> list[str]:
    """The files below `paths` that belong to the project."""
    listed = subprocess.run(["git", "ls-files", "-z", *paths], cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def copied(folder: Path, *paths: str) -> Path:
    """A clean copy of what the project has below `paths`: no leftovers of earlier builds are in it."""
    for name in tracked(*paths):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return folder


def built(folder: Path) -> Path:
    """Without the network: what the build needs is in the locks."""
    checkout = copied(folder / "checkout", "bot", "pyproject.toml", "README.md")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command = [*build, "--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(checkout)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    [wheel] = (folder / "dist").glob("*.whl")
    return wheel
