"""README and docs/ name existing commands, pages, pictures and headings."""

import re
from pathlib import Path

import pytest

from bot.__main__ import OURS

README = Path("README.md").read_text()
PAGES = [*Path().glob("*.md"), *Path("docs").glob("*.md")]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
ANCHOR = re.compile(r"\]\((?:\w+/)?(\w+\.md#[^)]*)\)")


@pytest.mark.parametrize("command", OURS)
def test_every_command_is_in_the_table_of_the_readme(command: str) -> None:
    assert f"| `runtask {command}" in Path("docs/commands.md").read_text()


def test_the_pictures_of_the_readme_exist() -> None:
    for name in ("form", "home", "mention", "run-page", "shortcut", "thread"):
        assert Path(f"docs/images/{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_targets_of_links_exist(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


def test_the_readme_names_every_page() -> None:
    pages = {*Path("docs").glob("*.md"), *Path().glob("*.md")} - {Path("README.md")}
    assert {str(page) for page in pages} <= set(LINK.findall(README))


def test_the_readme_is_at_most_a_screen_and_a_half_long() -> None:
    assert len(README.splitlines()) <= 80


@pytest.mark.parametrize("link", sorted({link for page in PAGES for link in ANCHOR.findall(page.read_text())}))
def test_the_headings_that_links_name_exist(link: str) -> None:
    page, _, anchor = link.partition("#")
    headings = re.findall("^#+ (.*)$", Path("docs", Path(page).name).read_text(), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
