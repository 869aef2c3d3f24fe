"""docs/guarantees.md names tests that exist."""

import re
from pathlib import Path

import pytest

GUARANTEES = Path("docs/guarantees.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:\w+/)*test_\w+\.py)(?:::(\w+))?`", GUARANTEES)))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=["::".join(filter(None, named)) for named in NAMED])
def test_every_promise_is_shown_by_a_test(file: str, test: str) -> None:
    source = Path("tests", file).read_text()
    assert f"def {test}(" in source if test else "def test_" in source


@pytest.mark.parametrize("package", ["Django", "celery", "django-celery-beat", "django-celery-results"])
def test_the_oldest_versions_are_those_that_are_tested(package: str) -> None:
    bound = re.search(rf'^  "{package}(?:\[\w+\])?>=([\d.]+)', Path("pyproject.toml").read_text(), re.MULTILINE)
    assert bound is not None
    assert f"| {package} | {bound[1]} |".lower() in Path("docs/supported.md").read_text().lower()
    assert re.search(
        rf"^{package}=={re.escape(bound[1])}[. ]",
        Path("requirements-oldest.txt").read_text(),
        re.MULTILINE | re.IGNORECASE,
    )


def test_promises_are_named_at_all() -> None:
    assert len(NAMED) > 20


def test_every_system_check_is_in_the_table() -> None:
    source = "".join(path.read_text() for path in Path("bot/checks").glob("*.py"))
    numbers = {f"W{int(number):03}" for number in re.findall(r"\bnotice\((\d+),", source)}
    numbers |= set(re.findall(r'id="runtask\.(E\d+)"', source))
    assert len(numbers) > 10
    assert numbers <= set(re.findall(r"`(?:runtask\.)?([EW]\d{3})`", Path("docs/operations.md").read_text()))
