"""The docs name tests and versions that exist, and their tables agree with the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.checks.table import CHECKS
from bot.doctor.slack import WITHOUT
from bot.slack.manifest import EVENTS, OPTIONAL

PAGES = {page: page.read_text() for page in (*Path().glob("*.md"), *Path("docs").glob("*.md"))}
GUARANTEES, SUPPORTED = (PAGES[Path("docs", page)] for page in ("guarantees.md", "supported.md"))
PACKAGES = ["Django", "celery", "kombu", "django-celery-beat", "django-celery-results", "slack-bolt", "slack-sdk"]


def named(text: str) -> Iterator[tuple[str, str]]:
    """The files and tests that a page names. In `…::test`, the dots stand for the file that was named before."""
    file = ""
    for found in re.finditer(r"`((?:\w+/)*test_\w+\.py|…)(?:::(test_\w+))?`", text):
        file = file if found[1] == "…" else found[1].removeprefix("tests/")
        yield file, found[2] or ""


NAMED = sorted({one for text in PAGES.values() for one in named(text)})


@pytest.mark.parametrize(("file", "test"), NAMED, ids=["::".join(filter(None, one)) for one in NAMED])
def test_every_promise_is_shown_by_a_test(file: str, test: str) -> None:
    source = Path("tests", file).read_text()
    assert f"def {test}(" in source if test else "def test_" in source


# kombu has no bound of its own: it is installed with Celery.
@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "kombu"])
def test_the_oldest_documented_versions_are_the_tested_ones(package: str) -> None:
    bound = re.search(rf'^  "{package}(?:\[\w+\])?>=([\d.]+)', Path("pyproject.toml").read_text(), re.MULTILINE)
    assert bound is not None
    assert f"| {package} | {bound[1]} |".lower() in Path("docs/supported.md").read_text().lower()
    assert re.search(
        rf"^{package}=={re.escape(bound[1])}[. ]",
        Path("requirements-oldest.txt").read_text(),
        re.MULTILINE | re.IGNORECASE,
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_the_main_and_the_newest_documented_versions_are_those_of_the_lock(package: str) -> None:
    """The lock's first version of a package is for Python 3.11, and the last one for the newest Python."""
    lock = Path("requirements-dev.txt").read_text()
    locked = re.findall(rf"^{package}==([\d.]+)", lock, re.MULTILINE | re.IGNORECASE)
    row = re.search(rf"^\| {package} \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|$", SUPPORTED, re.MULTILINE | re.IGNORECASE)
    assert row is not None
    for said, version in zip(row.groups(), (locked[0], locked[-1]), strict=True):
        assert f"{version}.".startswith(f"{said}.")


def test_the_versions_of_python_are_those_of_the_gate() -> None:
    others = sorted(set(re.findall(r"\$\(VENV\)-(3\.\d+)", Path("Makefile").read_text())))
    assert f"| Python | 3.11 | 3.11 | {', '.join(others)} |" in SUPPORTED


def test_the_tables_of_scopes_and_events_are_those_of_the_manifest() -> None:
    def rows(name: str) -> list[list[str]]:
        text = Path("docs/install.md").read_text().partition(f"<!-- {name}: begin -->")[2].partition("<!--")[0]
        return [line.strip("| ").split(" | ") for line in text.strip().splitlines()[2:]]

    scopes = {scope.strip("`"): (optional == "yes", without) for scope, _, optional, without in rows("scopes")}
    assert scopes == {scope: (scope in OPTIONAL, without) for scope, without in WITHOUT.items()}
    assert [row[0].strip("`") for row in rows("events")] == list(EVENTS)


def test_each_section_of_the_guarantees_names_its_tests() -> None:
    _, *sections = re.split("^## ", GUARANTEES, flags=re.MULTILINE)
    without = [section.partition("\n")[0] for section in sections if not re.search("^Tests: `", section, re.MULTILINE)]
    assert without == ["Known limits"]


def test_the_table_of_system_checks_agrees_with_them(request: pytest.FixtureRequest) -> None:
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
    """Returns a message as a cell, with dots instead of placeholders."""
    return re.sub(r"{\w+}", "…", text).replace("{{", "{").replace("}}", "}")
