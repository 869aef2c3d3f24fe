"""On Redis, a process keeps a bounded number of events. If it has to drop some, runs may have ended unnoticed."""

# ruff: noqa: F811  # fixtures that are imported

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from django.db import OperationalError

from bot.broker.outcomes import hearing
from bot.broker.outcomes.hearing import Hearing
from bot.models import Run
from bot.runs import clock, sources
from tests.broker.outcomes.test_hearing import (  # noqa: F401  # fixtures, too
    app,
    end_the_claim,
    new_process,
    run,
    send,
    state,
    woken,
)

pytestmark = pytest.mark.django_db


def away(*_: Any, **__: Any) -> None:
    raise OperationalError("away")


def fill(process: Hearing) -> None:
    """Lets so many messages arrive that all earlier ones are dropped."""
    for _ in range(process._got.maxlen or 0):
        process._take(SimpleNamespace(payload={"type": "task-received", "uuid": str(uuid4()), "hostname": "w"}))


def ask_again(run: Run) -> None:
    """Changes the run to one that was asked for just now, while processes listen, and isn't noted."""
    Run.objects.filter(pk=run.pk).update(created_at=clock.now(), unseen_because="")


def two_that_listen(new_process: Callable[[], Hearing], run: Run) -> tuple[Hearing, Hearing]:
    """The first process has the claim, and the second is on standby."""
    first, second = new_process(), new_process()
    for one in (first, second):
        one.step()
    ask_again(run)
    return first, second


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes processes keep few messages."""
    monkeypatch.setattr(hearing, "MOST_KEPT", 20)


def test_messages_that_were_dropped_while_the_database_was_away_are_noted(
    small: None, app: Celery, new_process: Callable[[], Hearing], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = new_process()
    process.step()
    ask_again(run)
    with monkeypatch.context() as patch:
        patch.setattr(sources, "hold", away)
        send(app, "returns")
        with pytest.raises(OperationalError):
            process.step()
        fill(process)
    process.step()
    assert (state(run), bool(run.unseen_because)) == ("sent", True)


def test_messages_that_a_process_on_standby_dropped_are_noted_if_it_takes_over(
    small: None, app: Celery, new_process: Callable[[], Hearing], run: Run
) -> None:
    _, second = two_that_listen(new_process, run)
    send(app, "returns")
    second._receive(0.05)
    fill(second)
    end_the_claim()
    second.step()
    assert (state(run), bool(run.unseen_because)) == ("sent", True)


def test_messages_that_a_process_on_standby_dropped_are_not_missed_if_another_one_has_recorded_them(
    small: None, app: Celery, new_process: Callable[[], Hearing], run: Run
) -> None:
    first, second = two_that_listen(new_process, run)
    fill(second)
    first.step()
    end_the_claim()
    second.step()
    assert (state(run), run.unseen_because) == ("sent", "")
