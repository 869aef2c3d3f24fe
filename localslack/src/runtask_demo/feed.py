"""A partner's price list and its reader. The reader has several functions, so that a failure has a real traceback."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

LINES = ("4711;Teapot;24.90", "4712;Kettle;39.00", "4713;Cup;n/a", "4714;Saucer;3.50")


class BrokenFeed(Exception):
    """A line of a feed can't be read. The message says which one and why."""


def read_feed(partner: str, *, skip_broken_lines: bool) -> dict[str, str]:
    """Prices by article number."""
    return dict(_rows(partner, skip_broken_lines=skip_broken_lines))


def _rows(partner: str, *, skip_broken_lines: bool) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(LINES, start=1):
        try:
            article, _, price = line.split(";")
            yield article, str(_price(price))
        except InvalidOperation as exc:
            if not skip_broken_lines:
                raise BrokenFeed(f"{partner}, line {number}: “{line}” has no price") from exc


def _price(text: str) -> Decimal:
    return Decimal(text)
