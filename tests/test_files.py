"""The repository's files have no hidden characters, so that people, grep and git can read them."""

import unicodedata

import pytest

from tests.support.wheel import ROOT, tracked

TABS = ("Makefile", ".tsv")
PICTURES = ".png"
# With Unicode's explicit directions, people read other code than the one that runs (CVE-2021-42574).
DIRECTIONS = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def hidden(text: str, *, allowed: str = "\n") -> set[str]:
    """Returns the invisible characters in a text, without those that it may have."""
    return {
        one
        for one in set(text) - set(allowed)
        if unicodedata.category(one) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(one) in DIRECTIONS
    }


@pytest.mark.parametrize("character", ["\0", "\r", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\t"])
def test_invisible_characters_are_found(character: str) -> None:
    assert hidden(f"a{character}b\n") == {character}


def test_no_file_has_hidden_characters() -> None:
    files = [name for name in tracked() if not name.endswith(PICTURES)]
    assert "docs/parity.md" in files
    found = {
        name: hidden((ROOT / name).read_bytes().decode(), allowed="\n\t" if name.endswith(TABS) else "\n")
        for name in files
    }
    assert {name: sorted(map(ascii, characters)) for name, characters in found.items() if characters} == {}
