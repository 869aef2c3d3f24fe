"""The docs name tests and versions that exist, and their tables are those of the code."""

import re
from pathlib import Path

import pytest

from bot.checks.table import CHECKS

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


def test_the_table_of_system_checks_is_made_from_them(request: pytest.FixtureRequest) -> None:
    page = Path("docs/operations.md")
    before, begin, rest = page.read_text().partition("<!-- checks: begin -->\n")
    written, end, after = rest.partition("<!-- checks: end -->")
    lines = [f"| `runtask.{check.id}` | {_cell(check.text)} | {_cell(check.hint)} |" for check in CHECKS]
    made = "\n".join(["| id | what is wrong | what to do |", "|---|---|---|", *lines, ""])
    if request.config.getoption("--write-docs"):
        page.write_text(f"{before}{begin}{made}{end}{after}")
    else:
        assert written == made, "run: pytest tests/test_docs.py --write-docs"


def _cell(text: str) -> str:
    """Placeholders as dots."""
    return re.sub(r"{\w+}", "…", text).replace("{{", "{").replace("}}", "}")
