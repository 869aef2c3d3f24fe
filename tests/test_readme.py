"""README says what is so."""

import re
from pathlib import Path

import pytest

from bot.__main__ import OURS

README = Path("README.md").read_text()
PAGES = [Path("README.md"), *Path("docs").glob("*.md")]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")


@pytest.mark.parametrize("command", OURS)
def test_every_command_is_in_the_table(command: str) -> None:
    assert f"| `runtask {command}" in README


def test_its_pictures_are_there() -> None:
    for name in ("form", "run-page", "thread"):
        assert Path(f"docs/images/{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


def test_every_page_is_named() -> None:
    assert {str(page) for page in PAGES[1:]} <= set(LINK.findall(README))
