"""The fenced blocks of a documentation page, and its changes to files, for tests that follow it to the letter."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block. `about` has the words after its language."""

    language: str
    about: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for language, about, text in FENCE.findall(page.read_text()):
        yield Block(language, about, text)


def added(diff: str) -> list[list[str]]:
    """The lines that `diff` adds, in groups of neighbours."""
    groups = itertools.groupby(diff.splitlines(), lambda line: line.startswith("+"))
    return [[line[1:] for line in lines] for is_added, lines in groups if is_added]


def change(file: Path, diff: str) -> None:
    """Make the change that `diff` shows. Its lines without a mark or with `-`, as one block, must be in the file exactly once."""
    lines = [(line[:1], line[1:]) for line in diff.splitlines()]
    before = "".join(f"{text}\n" for mark, text in lines if mark != "+")
    after = "".join(f"{text}\n" for mark, text in lines if mark != "-")
    text = file.read_text()
    assert text.count(before) == 1, f"{file.name} doesn't hold exactly once:\n{before}"
    file.write_text(text.replace(before, after))
