"""A browser without JavaScript that reads the pages and fills in their forms."""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from bot.runs.door import Platform
from tests.factories import FORM_KEYS
from tests.fakes import FakeCatalog, FakeOutcomes, FakeQueues, FakeSender, FakeStopper

INPUT = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
TEXT = re.compile(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', re.DOTALL)


@dataclass
class Site:
    """The pages over a real database, with a fake catalogue and fake workers."""

    catalog: FakeCatalog
    user: User
    sender: FakeSender = field(default_factory=FakeSender)
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    stopper: FakeStopper = field(default_factory=FakeStopper)
    may_kill: bool = False
    form_keys: tuple[str, ...] = FORM_KEYS
    browser: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    @property
    def platform(self) -> Platform:
        return Platform(
            catalog=self.catalog,
            sender=self.sender,
            sources=self.outcomes.sources(),
            queues=FakeQueues(),
            stopper=self.stopper,
            may_kill=self.may_kill,
            secret_keys=("token",),
            deadline=1800,
            form_keys=self.form_keys,
        )

    def get(self, address: str) -> str:
        answer = self.browser.get(address)
        assert answer.status_code == 200, answer
        return str(answer.content.decode())

    def form(self, schedule: int = 7) -> dict[str, str]:
        """Returns the fields that a browser would send from the unchanged form of the schedule."""
        return fields(self.get(f"/?schedule={schedule}"))

    def press_run(self, form: dict[str, str], **typed: str) -> Any:
        return self.browser.post("/", {**form, **typed})

    def refused(self, form: dict[str, str], **typed: str) -> str:
        """Presses Run, and returns the page that shows the problems."""
        answer = self.press_run(form, **typed)
        assert answer.status_code == 200, answer
        return str(answer.content.decode())


def fields(page: str) -> dict[str, str]:
    _, _, form = page.partition('<div id="content-main"')
    return {name: unescape(value) for name, value in [*INPUT.findall(form), *TEXT.findall(form)]}


def words(page: str, part: str = "content-main") -> str:
    """Returns the visible text from the element with the id `part` to the end of the page, with single spaces."""
    reader = _Reader()
    reader.feed(page[page.index(">", page.index(f'id="{part}"')) + 1 :])
    return re.sub(r" (?=[.,:])", "", " ".join(" ".join(reader.found).split()))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)
