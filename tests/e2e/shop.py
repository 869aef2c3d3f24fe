"""examples/platform as its team runs it, in an environment of its own."""

import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.processes import Processes, free_port
from tests.support.wheel import copied

# What pip is told besides: everything the wheel depends on is there already, and a wheel is built without the network.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_FORCE_REINSTALL": "1",
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}
AS_IT_WAS = """
from django.core.management import call_command
from accounts.models import User
call_command("migrate", verbosity=0)
call_command("load_schedules")
User.objects.create_superuser("ana@example.com", "ana", full_name="Ana Ruiz")
User.objects.create_superuser("carla@corp.example", "carla", full_name="Carla Staff")
User.objects.create_user("ben@example.com", "ben", full_name="Ben Okafor")
"""


def virtual_environment(folder: Path) -> Path:
    """A new one, with the packages of this one but without the project; returns its `bin`."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=120)
    [packages] = folder.glob("lib/*/site-packages")
    # A folder named in a .pth file has no say with .pth files of its own, so an editable install stays out.
    (packages / "installed_already.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


class Shop(Processes):
    """The platform in `folder`, migrated, with its schedules and people, as it was before anybody thought of a bot."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(folder, environment, where=copied(folder, "examples/platform") / "examples/platform")

    def prepare(self) -> None:
        self.shell(AS_IT_WAS)

    def manage(self, *arguments: str) -> str:
        return self.run("python", "manage.py", *arguments)

    def shell(self, code: str) -> str:
        return self.manage("shell", "--verbosity", "0", "-c", code)

    def start_worker(self) -> None:
        celery = ("python", "-m", "celery", "-A", "shop")  # its script in `bin` isn't this environment's
        self.start("worker", *celery, "worker", "--queues", "default,mail", "--concurrency", "2", "-l", "info")
        self.wait("worker", lambda: " ready." in self.log("worker"))

    def start_web(self) -> str:
        """Its address."""
        port = free_port()
        self.start("web", "python", "-m", "gunicorn", "shop.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4")
        self.wait("web", lambda: "Listening at" in self.log("web"))
        return f"http://127.0.0.1:{port}"
