"""A platform with fakes on both sides and the real database between."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from django.db import connections

from bot.core.model import Actor, RunRequest
from bot.core.rights import Action
from bot.models import Run
from bot.runs import start
from bot.runs.budget import Budget
from bot.runs.denials import Wanted
from bot.runs.door import Admitted, Platform, admit
from bot.runs.unsaved import Unsaved
from tests.factories import FORM_KEYS, a_request, a_schedule, staff_actor
from tests.fakes import FakeCatalog, FakeOutcomes, FakeQueues, FakeSender, FakeStopper
from tests.runs.post import Post


@dataclass
class Door:
    """The platform, the fakes behind it, and somebody with a request that is allowed."""

    catalog: FakeCatalog
    sender: FakeSender
    actor: Actor
    request: RunRequest = field(default_factory=a_request)
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    stopper: FakeStopper = field(default_factory=FakeStopper)
    may_kill: bool = False
    form_keys: tuple[str, ...] = FORM_KEYS
    audits_values: bool = True
    rings: list[str] = field(default_factory=list)
    unsaved: Unsaved = field(default_factory=Unsaved)

    @property
    def platform(self) -> Platform:
        return Platform(
            catalog=self.catalog,
            sender=self.sender,
            sources=self.outcomes.sources(),
            queues=FakeQueues(),
            stopper=self.stopper,
            may_kill=self.may_kill,
            audits_values=self.audits_values,
            secret_keys=("token",),
            deadline=1800,
            form_keys=self.form_keys,
            unsaved=self.unsaved,
            wake=lambda: self.rings.append("ring"),
        )

    def admitted(self, actor: Actor | None = None, wanted: Wanted | None = None) -> Admitted:
        """Returns a new `Admitted` at each call, as each request has its own."""
        return admit(self.platform, actor or self.actor, wanted)

    def start(self, request: RunRequest | None = None, actor: Actor | None = None) -> Run:
        what = request or self.request
        wanted = Wanted(action=Action.RUN, schedule=what.schedule)
        run = start.start(self.admitted(actor, wanted), what, Budget())
        run.refresh_from_db()
        return run


@pytest.fixture
def door(db: None) -> Door:
    schedule = a_schedule()
    return Door(FakeCatalog({schedule.id: schedule}), FakeSender(), staff_actor())


@pytest.fixture
def post(transactional_db: None) -> Iterator[Post]:
    post = Post()
    yield post
    post.deliverer.drain(10)


@pytest.fixture
def elsewhere() -> Iterator[Callable[[Callable[[], object]], object]]:
    """Calls a function in another thread. Its database connection is another one, so it sees committed rows only."""

    def run(function: Callable[[], object]) -> object:
        def call() -> object:
            try:
                return function()
            finally:
                connections.close_all()

        return pool.submit(call).result(timeout=20)

    with ThreadPoolExecutor(1) as pool:
        yield run
