"""Rules about the structure of the code that no other tool checks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRAMEWORKS = {"django", "celery", "kombu", "slack_sdk", "slack_bolt"}
LINES = 300


def test_core_imports_no_framework() -> None:
    names = [f"bot.core.{path.stem}" for path in (ROOT / "bot/core").glob("*.py") if path.stem != "__init__"]
    assert len(names) > 5
    code = f"import sys, importlib; [importlib.import_module(n) for n in {names!r}]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {name.partition(".")[0] for name in loaded.split()} & FRAMEWORKS


def test_only_admit_lets_people_in() -> None:
    """A function that takes an `Admitted` relies on that."""
    makers = [path for path in (ROOT / "bot").rglob("*.py") if re.search(r"\bAdmitted\(|\bSeenRun\(", path.read_text())]
    assert makers == [ROOT / "bot/runs/door.py"]
    assert (ROOT / "bot/runs/door.py").read_text().count("Admitted(") == 1


@pytest.mark.parametrize("folder", ["bot", "bench", "tests"])
def test_no_module_is_too_long_to_read(folder: str) -> None:
    modules = [path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts]
    assert modules
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    assert {path: lines for path, lines in sizes.items() if lines > LINES} == {}
