"""The installed command `runtask` prefers no module of the folder in which somebody calls it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot import env
from tests.e2e.platform import ROOT, clean_environment
from tests.test_commands import BARE

SCRIPT = "from bot.__main__ import main\nmain()\n"  # what an installer writes
SHOP = "from celery import Celery\napp = Celery('shop')\nimport colorsys\nprint('found')\n"
PLANTED = 'open("planted", "a").close()\n'  # runs if the module is imported


def checked(folder: Path, planted: str, command: str = "check", **variables: str) -> str:
    """What the installed command says in this folder, in which somebody else has left a module."""
    (folder / f"{planted}.py").write_text(PLANTED)
    (folder / "scripts").mkdir()
    (folder / "scripts" / "runtask").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, folder / "scripts" / "runtask", command],
        env=clean_environment(RUNTASK_DATA=str(folder / "var"), **variables),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert not (folder / "planted").exists()
    return done.stdout + done.stderr


def test_the_command_takes_no_installed_module_from_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text(BARE)
    assert "'django_celery_beat' to INSTALLED_APPS" in checked(tmp_path, "celery", DJANGO_SETTINGS_MODULE="bare")


# Celery imports brotli if it is there. It isn't installed.
def test_the_stand_alone_command_takes_no_module_from_the_current_folder(tmp_path: Path) -> None:
    assert "System check identified" in checked(tmp_path, "brotli")


def test_the_command_takes_no_module_from_a_folder_like_tmp(tmp_path: Path) -> None:
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "bare.py").write_text(BARE)
    (public := tmp_path / "public").mkdir()
    public.chmod(0o1777)
    given = env.environ().get("PYTHONPATH")
    paths = [*([given] if given else []), str(ROOT), str(elsewhere)]  # an empty one would name the current folder
    said = checked(public, "brotli", DJANGO_SETTINGS_MODULE="bare", PYTHONPATH=os.pathsep.join(paths))
    assert "'django_celery_beat' to INSTALLED_APPS" in said


def test_a_module_that_is_loaded_late_is_not_taken_from_the_current_folder_either(tmp_path: Path) -> None:
    """Celery has put that folder first by then."""
    said = checked(tmp_path, "redis", "doctor", CELERY_BROKER_URL="redis://127.0.0.1:1")
    assert "the broker can't be reached (ConnectionError)" in said


@pytest.mark.parametrize("name", ["RUNTASK_IMPORTS", "RUNTASK_CELERY_APP"])
def test_the_stand_alone_command_finds_named_modules_in_the_current_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    assert "found" in checked(tmp_path, "colorsys", "doctor", **{name: "shop"})
