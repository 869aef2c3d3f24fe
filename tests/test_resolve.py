"""The wheel can be installed into existing platforms: it changes none of their versions, and adds only missing packages."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support import wheel

pytestmark = pytest.mark.nightly
PINS = Path(__file__).parent / "constraints"
UV = Path(".venv-uv/bin/uv").absolute()
SLACK = {"slack-bolt", "slack-sdk"}
PLATFORMS = {  # the version of Python, and the packages that are installed with ours
    "cookiecutter-2026-08": ("3.14", SLACK | {"django-celery-results"}),
    "cookiecutter-2025-10": ("3.13", SLACK | {"django-celery-results"}),
    "django-4.2-psycopg2": ("3.11", SLACK),
    "mariadb": ("3.11", SLACK | {"django-celery-results"}),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.product(tmp_path_factory.mktemp("wheel"))


def resolved(python: str, *requirements: str) -> dict[str, str]:
    """Versions by package. Skips where the registry can't be reached."""
    command = [str(UV), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", python, "-"]
    done = subprocess.run(
        command, input="\n".join(requirements), capture_output=True, text=True, check=False, timeout=120
    )
    if "error sending request" in done.stderr.lower() or "failed to fetch" in done.stderr.lower():
        pytest.skip("the package registry can't be reached")
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^ \n]+)", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_version_changes_and_only_missing_packages_are_installed(platform: str, built: Path) -> None:
    python, added = PLATFORMS[platform]
    pins = [line for line in (PINS / f"{platform}.txt").read_text().splitlines() if not line.startswith("#")]
    before = resolved(python, *pins)
    after = resolved(
        python, *(f"{name}=={version}" for name, version in before.items()), f"django-runtask @ {built.as_uri()}"
    )
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) - {"django-runtask"} == added
