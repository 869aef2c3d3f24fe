"""The wheels of the product and of the local Slack contain everything that their users need, and nothing else."""

import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from functools import cached_property
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.e2e.platform import clean_environment
from tests.e2e.shop import OFFLINE, virtual_environment
from tests.support import wheel
from tests.support.wheel import ROOT, tracked

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Wheel:
    """A built wheel, and the folders from which it was built."""

    file: Path
    distribution: str
    project: Path  # the folder of its pyproject.toml
    source: str  # the folder that contains its packages
    packages: tuple[str, ...]

    @cached_property
    def names(self) -> set[str]:
        with zipfile.ZipFile(self.file) as archive:
            return {name for name in archive.namelist() if not name.endswith("/")}

    @cached_property
    def metadata(self) -> Message:
        return BytesParser().parsebytes(self.info("METADATA"))

    def info(self, name: str) -> bytes:
        """Returns a file of the wheel's metadata."""
        with zipfile.ZipFile(self.file) as archive:
            [found] = [part for part in archive.namelist() if part.endswith(f".dist-info/{name}")]
            return archive.read(found)


def product(folder: Path) -> Wheel:
    return Wheel(wheel.product(folder), "django-runtask", ROOT, "", ("bot",))


def local_slack(folder: Path) -> Wheel:
    made = wheel.local_slack(folder)
    project = ROOT / "localslack"
    return Wheel(made, "django-runtask-localslack", project, "localslack/src/", ("localslack", "runtask_demo"))


@pytest.fixture(scope="module")
def of_the_product(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return product(tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def of_the_local_slack(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return local_slack(tmp_path_factory.mktemp("local-slack"))


@pytest.fixture(params=["of_the_product", "of_the_local_slack"])
def either(request: pytest.FixtureRequest) -> Wheel:
    found: Wheel = request.getfixturevalue(request.param)
    return found


def test_a_wheel_contains_all_of_its_packages_and_nothing_else(either: Wheel) -> None:
    files = tracked(*(either.source + package for package in either.packages))
    expected = {name.removeprefix(either.source) for name in files}
    assert {name for name in either.names if ".dist-info/" not in name} == expected


@pytest.mark.parametrize(
    "name",
    [
        "bot/py.typed",
        "bot/migrations/0001_squashed_0008_one_index_of_states.py",
        "bot/templates/runtask/form.html",
        "bot/static/runtask/runtask.js",
    ],
)
def test_the_product_has_its_files_beside_the_code(of_the_product: Wheel, name: str) -> None:
    assert name in of_the_product.names


@pytest.mark.parametrize("name", ["localslack/py.typed", "localslack/limits.json", "localslack/page/index.html"])
def test_the_local_slack_has_its_files_beside_the_code(of_the_local_slack: Wheel, name: str) -> None:
    assert name in of_the_local_slack.names


def test_the_product_contains_no_local_slack_no_demo_and_no_test(of_the_product: Wheel) -> None:
    foreign = ("localslack", "bot/demo", "test")
    assert not [name for name in of_the_product.names if any(part in name for part in foreign)]


@pytest.mark.parametrize(
    ("which", "command"),
    [
        ("of_the_product", "runtask = bot.__main__:main"),
        ("of_the_local_slack", "localslack = localslack.__main__:main"),
    ],
)
def test_a_wheel_installs_its_command(request: pytest.FixtureRequest, which: str, command: str) -> None:
    assert command in request.getfixturevalue(which).info("entry_points.txt").decode()


def test_the_metadata_of_a_wheel_agrees_with_the_project(either: Wheel) -> None:
    said, project = either.metadata, tomllib.loads((either.project / "pyproject.toml").read_text())["project"]
    assert said["Name"] == project["name"] == either.distribution
    assert said["Version"] == project["version"]
    assert said["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in said.get_all("Classifier", [])
    needed = [one for one in said.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert set(map(Requirement, needed)) == set(map(Requirement, project["dependencies"]))
    assert said.get_all("Provides-Extra", []) == list(project.get("optional-dependencies", {}))


def test_a_wheel_names_no_licence(either: Wheel) -> None:
    """There is no licence file yet, so the wheel must not name one."""
    said = [name for name in either.metadata if name.startswith("License")]
    assert said + [one for one in either.metadata.get_all("Classifier", []) if one.startswith("License")] == []


def test_the_description_of_a_wheel_renders(either: Wheel) -> None:
    assert str(either.metadata.get_payload()).startswith((either.project / "README.md").read_text()[:100])
    command = [sys.executable, "-m", "twine", "check", "--strict", str(either.file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "PASSED" in done.stdout) == (0, True), done.stdout


@pytest.mark.nightly
def test_without_the_local_slack_the_demo_says_how_to_get_it(of_the_product: Wheel, tmp_path: Path) -> None:
    commands = virtual_environment(tmp_path / "venv")
    environment = clean_environment(PATH=str(commands), PYTHONPATH="", RUNTASK_DATA=str(tmp_path / "data"), **OFFLINE)

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        command = (str(commands / command[0]), *command[1:])
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    installed = run("pip", "install", f"{of_the_product.file}[standalone]")
    assert installed.returncode == 0, installed.stderr
    assert "No module named 'localslack'" in run("python", "-c", "import bot; import localslack").stderr
    demo = run("runtask", "demo", "--data", str(tmp_path / "demo"))
    assert demo.returncode == 2
    assert "pip install ./localslack" in demo.stderr
    assert "django_runtask_localslack-….whl" in demo.stderr
