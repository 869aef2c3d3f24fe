"""The projects of `examples/` as their teams run them, in an environment of their own. The shop is the first one."""

import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tests.e2e.processes import Processes, free_port
from tests.support.wheel import copied

# Options of pip: all that the wheel depends on is installed already, and a wheel is built without the network.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_FORCE_REINSTALL": "1",
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def virtual_environment(folder: Path) -> Path:
    """Makes an environment that has the packages of this one, but not the project. Returns its `bin`."""
    make = [sys.executable, "-m", "venv", "--without-pip", str(folder)]  # installing pip would take seconds
    subprocess.run(make, check=True, capture_output=True, timeout=120)
    [packages] = folder.glob("lib/*/site-packages")
    # Python ignores .pth files in a folder that a .pth file names, so an editable install of the project isn't there.
    (packages / "installed_already.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = folder / "bin/pip"
    pip.write_text(f'#!/bin/sh\nexec "{folder}/bin/python" -m pip "$@"\n')
    pip.chmod(0o755)
    return folder / "bin"


class Project(Processes):
    """A copy of an example in `folder`, still without the bot. `prepare` makes its tables and people."""

    example: ClassVar[str]
    celery: ClassVar[tuple[str, ...]]  # the arguments for its workers
    wsgi: ClassVar[str]
    as_it_was: ClassVar[str]  # Python code that makes its tables, schedules and people

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder, environment, where=copied(folder, self.example) / self.example)

    def prepare(self) -> None:
        self.shell(self.as_it_was)

    def named(self, text: str) -> str:
        """The page's text, with this project's names in it."""
        return text

    def manage(self, *arguments: str) -> str:
        return self.run("python", "manage.py", *arguments)

    def shell(self, code: str) -> str:
        return self.manage("shell", "--verbosity", "0", "-c", code)

    def start_worker(self) -> None:
        """Starts a worker. `is_working` says when it is ready. The script `celery` belongs to another environment."""
        self.start("worker", "python", "-m", "celery", *self.celery, "--concurrency", "2", "-l", "info")

    def is_working(self) -> bool:
        return " ready." in self.log("worker")

    def start_web(self) -> str:
        """Starts the web server and returns its address."""
        port = free_port()
        self.start("web", "python", "-m", "gunicorn", self.wsgi, "--bind", f"127.0.0.1:{port}", "--threads", "4")
        self.wait("web", lambda: "Listening at" in self.log("web"))
        return f"http://127.0.0.1:{port}"


class Shop(Project):
    """The platform whose files docs/install.md shows."""

    example = "examples/platform"
    celery = ("-A", "shop", "worker", "--queues", "default,mail")
    wsgi = "shop.wsgi"
    as_it_was = """
from django.contrib.auth.models import Permission
from django.core.management import call_command
from accounts.models import User
call_command("migrate", verbosity=0)
call_command("load_schedules")
ana = User.objects.create_user("ana@example.com", "ana", full_name="Ana Ruiz", is_staff=True)
ana.user_permissions.set(Permission.objects.all())
User.objects.create_superuser("carla@corp.example", "carla", full_name="Carla Staff")
User.objects.create_user("ben@example.com", "ben", full_name="Ben Okafor")
"""
