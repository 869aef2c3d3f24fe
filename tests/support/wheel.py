"""The wheels of both distributions, built from the files that git tracks."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "pyproject.toml", "README.md")


def tracked(*paths: str) -> list[str]:
    """The files below `paths` that belong to the project."""
    listed = subprocess.run(["git", "ls-files", "-z", *paths], cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def copied(folder: Path, *paths: str) -> Path:
    """A clean copy of the project's files below `paths`, without leftovers of earlier builds."""
    for name in tracked(*paths):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return folder


def product(folder: Path) -> Path:
    """The wheel of django-runtask."""
    return _built(copied(folder / "checkout", *PRODUCT), folder / "dist")


def local_slack(folder: Path) -> Path:
    """The wheel of django-runtask-localslack."""
    return _built(copied(folder / "checkout", "localslack") / "localslack", folder / "dist")


def _built(project: Path, dist: Path) -> Path:
    """Builds without the network: the locks contain what the build needs."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command = [*build, "--no-build-isolation", "--wheel-dir", str(dist), str(project)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    [wheel] = dist.glob("*.whl")
    return wheel
