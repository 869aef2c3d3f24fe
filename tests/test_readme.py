"""README and docs/ name all commands and pages, and their links and pictures exist."""

import re
from pathlib import Path

import pytest

from bot.__main__ import COMMANDS

README = Path("README.md").read_text()
PAGES = [*Path().glob("*.md"), *Path("docs").glob("*.md"), Path("localslack/README.md")]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_table_of_commands(command: str) -> None:
    assert f"| `runtask {command}" in Path("docs/commands.md").read_text()


def test_the_pictures_of_the_docs_exist() -> None:
    for name in ("form", "home", "mention", "run-page", "shortcut", "thread"):
        assert Path(f"docs/images/{name}.png").stat().st_size > 10_000


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall("^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_each_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    for file, anchor in LINK.findall(page.read_text()):
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not anchor or anchor in anchors(target), f"{file}#{anchor}"


def test_the_readme_names_every_page() -> None:
    pages = {*Path("docs").glob("*.md"), *Path().glob("*.md")} - {Path("README.md")}
    assert {str(page) for page in pages} <= {file for file, _ in LINK.findall(README)}


def test_the_readme_is_at_most_a_screen_and_a_half_long() -> None:
    assert len(README.splitlines()) <= 80
