"""A row may hold anything: the form shows it, its problems are reported, and no exception escapes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from django_celery_beat.models import PeriodicTask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.broker.catalog import BeatCatalog
from bot.broker.send import CelerySender
from bot.core.model import Actor, RunRequest, ScheduleId
from bot.core.reasons import Problem
from bot.core.secrets import WORDS
from bot.runs import see, start
from bot.runs.budget import Budget
from bot.runs.door import Admitted, Platform, admit
from bot.runs.refusals import Refused
from bot.slack import modals
from bot.slack.metadata import Metadata
from bot.texts import problem_text
from localslack.validation.surfaces import view_problems
from tests.core import strategies
from tests.factories import FORM_KEYS, NOW, PLACE, a_row, staff_actor
from tests.fakes import FakeOutcomes, FakeQueues, FakeStopper
from tests.parity.compare import beats_tables
from tests.parity.ways import request_for
from tests.parity.wire import InMemory

characters = st.characters(
    exclude_categories=["Cs"], exclude_characters="\0"
)  # characters that every database can hold
markers = st.sampled_from(["datetime", "decimal", "uuid", "bytes", "base64", "date", "time", "none", 7, None])
typed = st.fixed_dictionaries({"__type__": markers, "__value__": st.text(max_size=20) | st.integers() | st.none()})
odd = st.sampled_from(
    ["", " ", "{", "[]", "{}", "null", "NaN", "[NaN]", '{"a":1,"a":2}', "[1e999]", '["\\ud800"]', "[" * 5000]
)
texts = (
    odd
    | st.builds(json.dumps, strategies.objects | strategies.lists)
    | st.builds(lambda value: json.dumps([value]), typed)
    | st.builds(lambda value: json.dumps({"when": value}), typed)
    | st.text(characters, max_size=50)
)
names = st.none() | st.just("") | st.text(characters, max_size=200)
rows = st.fixed_dictionaries(
    {
        "args": texts,
        "kwargs": texts,
        "headers": texts,
        "queue": names,
        "exchange": names,
        "routing_key": names,
        "priority": st.none() | st.integers(0, 255),
        "expires": st.none() | st.just(NOW),
        "expire_seconds": st.none() | st.integers(0, 2**31 - 1),
        "task": st.sampled_from(["tests.any", "tests.unknown"]),
    }
)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """An app whose only task takes any arguments."""
    monkeypatch.setenv("CELERY_BROKER_URL", "memory://")
    with Celery("platform", set_as_current=False, fixups=[]) as app:
        app.conf.task_default_queue = "tests.any"

        @app.task(name="tests.any", shared=False)
        def anything(*args: Any, **kwargs: Any) -> None: ...

        yield app


@pytest.fixture
def actor(db: None) -> Actor:
    return staff_actor()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=rows)
@example(fields={"args": '[{"__type__": "uuid", "__value__": "x"}]', "kwargs": "", "headers": '{"a": 1e999}'})
@example(fields={"args": "", "kwargs": "", "headers": '{"a": 1e999}'})
@example(fields={"args": "", "kwargs": "", "headers": '{"a": "\\u0000"}'})
@example(fields={"args": "", "kwargs": "", "headers": '{"a": ["\\ud800"]}'})
@example(fields={"args": '["\\u0000"]', "kwargs": '{"\\u0000": 1}', "headers": ""})
@example(fields={"args": "", "kwargs": "", "headers": '{"x": {"__type__": "decimal", "__value__": "x"}}'})
def test_any_row_is_shown_and_either_sent_or_reported_as_wrong(
    app: Celery, actor: Actor, fields: dict[str, Any]
) -> None:
    row = PeriodicTask.objects.first() or a_row("any", task="tests.any")
    PeriodicTask.objects.filter(pk=row.pk).update(**fields)
    before = beats_tables()
    platform = Platform(
        catalog=BeatCatalog(app),
        sources=FakeOutcomes().sources(),
        queues=FakeQueues(),
        stopper=FakeStopper(),
        sender=CelerySender(app, WORDS),
        secret_keys=(),
        deadline=1800,
        form_keys=FORM_KEYS,
    )
    admitted = admit(platform, actor)
    preview = see.preview(admitted, ScheduleId(row.pk))
    assert preview is not None
    view = modals.chosen(Metadata(place=PLACE, mark="m"), preview, nonce="n1")
    assert view_problems(view).lines() == []
    problems = problems_at_start(admitted, request_for(row))
    assert all(problem_text(problem) for problem in problems)
    assert all(problem in problems for problem in preview.problems), "a row with a problem in the form must not be sent"
    assert beats_tables() == before
    InMemory().clear(set(app.amqp.queues))


def problems_at_start(admitted: Admitted, request: RunRequest) -> list[Problem]:
    """Starts a run. Returns the problems that prevent it. Empty: it was sent."""
    try:
        start.start(admitted, request, Budget(seconds=60))
    except Refused as exc:
        return exc.problems
    return []
