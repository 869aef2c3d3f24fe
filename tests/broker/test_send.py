"""What a sender publishes, when it certainly sends nothing, and what its errors say. tests/parity compares it with beat."""

import json
from typing import Any

import celery
import pytest
from celery import Celery, Task

from bot.broker.dispatch import RUN_HEADER, dispatch
from bot.broker.send import CelerySender
from bot.compat import NAME_IS_HEADER
from bot.core.model import Field, RunId
from bot.core.options import REQUESTER_HEADER
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Invalid
from bot.core.scrub import MASK
from bot.core.secrets import WORDS
from tests.broker.sending import a_prepared, an_app, taken
from tests.factories import NOW, TASK_ID, a_dispatch, a_schedule


@pytest.fixture
def app() -> Celery:
    return an_app()


@pytest.mark.parametrize("registered", [True, False], ids=["registered", "by name"])
def test_the_message_names_the_run_and_its_result_is_never_ignored(app: Celery, registered: bool) -> None:
    if registered:

        @app.task(name="reports.tasks.nightly", shared=False, ignore_result=True)
        def nightly(number, days): ...

    sender, what = a_prepared(app, a_schedule(headers='{"X-Tenant": "acme"}', columns={"priority": 0}))
    sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
    (message,) = taken(app)
    for name, value in {
        "id": TASK_ID, "task": "reports.tasks.nightly", "ignore_result": False, "X-Tenant": "acme", RUN_HEADER: "5",
        REQUESTER_HEADER: "ada",
    }.items():  # fmt: skip
        assert message.headers[name] == value
    assert (message.headers if NAME_IS_HEADER else message.properties)["periodic_task_name"] == "nightly report"
    assert message.payload[:2] == [[1], {"days": 30}]
    assert message.properties["priority"] == 0


def test_a_rows_headers_can_not_change_the_tasks_id_or_ignore_its_result(app: Celery) -> None:
    sender, what = a_prepared(app, a_schedule(headers='{"id": "x", "ignore_result": true, "lang": "row"}'))
    sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
    (message,) = taken(app)
    assert [message.headers[name] for name in ("id", "ignore_result", "lang")] == [TASK_ID, False, "row"]


TYPED = '{"__type__": "datetime", "__value__": "2026-11-05T12:00:00Z"}'


def test_typed_values_are_sent_as_beat_reads_them(app: Celery) -> None:
    sender = CelerySender(app, WORDS)
    what = sender.prepare(a_schedule(), TASK_ID, [json.loads(TYPED)], {}, requester="ada")
    assert what.args == [json.loads(TYPED)], "the run's row keeps the value as the person wrote it"
    sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
    (message,) = taken(app)
    assert message.payload[0] == [NOW]
    assert "datetime.datetime(2026, 11, 5" in message.headers["argsrepr"]


@pytest.mark.parametrize("value", ['{"__type__": "datetime", "__value__": 7}', '{"__type__": "x", "__value__": "y"}'])
def test_typed_values_that_can_not_be_read_are_reported_at_their_field(value: str) -> None:
    with pytest.raises(Invalid) as caught:
        dispatch(a_schedule(), TASK_ID, [], {"when": json.loads(value)}, requester="ada", now=NOW)
    (problem,) = caught.value.problems
    assert problem.field is Field.KWARGS


def test_the_message_goes_to_the_queue_of_the_row(app: Celery) -> None:
    sender, what = a_prepared(app, a_schedule(columns={"queue": "tests.slow"}))
    sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
    assert len(taken(app, "tests.slow")) == 1
    assert taken(app) == []


def test_arguments_that_the_task_does_not_accept_are_certainly_not_sent(app: Celery) -> None:
    @app.task(name="reports.tasks.nightly", shared=False)
    def nightly(): ...

    sender, what = a_prepared(app, a_schedule())
    with pytest.raises(NotSent, match=Code.CELERY_REFUSED):
        sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
    assert taken(app) == []


def test_a_value_that_no_serializer_takes_is_certainly_not_sent(app: Celery) -> None:
    with pytest.raises(NotSent, match=Code.CELERY_REFUSED):
        CelerySender(app, WORDS).send(a_dispatch(args=[object()]), run=RunId(5), within=1.0, enter=lambda: True)
    assert taken(app) == []


def test_a_tasks_code_is_never_run_here(app: Celery) -> None:
    @app.task(name="reports.tasks.nightly", shared=False)
    def nightly(*args, **kwargs):
        raise AssertionError("it ran")

    app.conf.task_always_eager = True
    sender, what = a_prepared(app, a_schedule())
    assert [problem.field for problem in sender.problems(a_schedule())] == [Field.SCHEDULE]
    with pytest.raises(NotSent, match=Code.EAGER):
        sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)


def test_problems_that_prevent_sending_a_row_are_reported_beforehand(app: Celery) -> None:
    sender = CelerySender(app, WORDS)
    assert sender.problems(a_schedule(columns={"queue": "tests.slow"})) == []
    app.conf.task_create_missing_queues = False
    del app.amqp.queues, app.amqp.router
    assert [problem.code for problem in sender.problems(a_schedule(task=" "))] == [Code.TASK_NOT_NAMED]
    headers, queue = sender.problems(a_schedule(columns={"queue": "tests.typo"}, headers="[]"))
    assert headers.code is Code.HEADERS_NOT_AN_OBJECT
    assert (queue.code, queue.params) == (Code.QUEUE_NOT_DECLARED, {"queue": "tests.typo"})
    assert sender.target(a_schedule(columns={"queue": "tests.typo"})).queue == "tests.typo"
    assert sender.problems(a_schedule()) == []


def test_if_the_platforms_router_fails_nothing_is_sent(app: Celery) -> None:
    def router(name, args, kwargs, options, task=None, **kw):
        raise KeyError("tenant")

    app.conf.task_routes = [router]
    sender, what = a_prepared(app, a_schedule(columns={"queue": "tests.slow"}))
    assert sender.problems(a_schedule()) == []
    with pytest.raises(NotSent, match="celery_refused: 'tenant'"):
        sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)


@pytest.mark.skipif(celery.VERSION < (5, 5), reason="before Celery 5.5, the two limits aren't compared")
def test_limits_that_contradict_each_other_are_certainly_not_sent(app: Celery) -> None:
    @app.task(name="reports.tasks.nightly", shared=False, time_limit=1, soft_time_limit=2)
    def nightly(number, days): ...

    sender, what = a_prepared(app, a_schedule())
    with pytest.raises(NotSent, match="soft_time_limit must be"):
        sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)


def test_a_failure_after_sending_does_not_count_as_not_sent(app: Celery, caplog: pytest.LogCaptureFixture) -> None:
    sender, what = a_prepared(app, a_schedule())
    amqp: Any = app.amqp
    send_task_message = amqp.send_task_message

    def then_fail(*args: Any, **kwargs: Any) -> None:
        send_task_message(*args, **kwargs)
        raise RuntimeError("the event `task-sent`")

    amqp.send_task_message = then_fail
    sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
    assert len(taken(app)) == 1
    assert "run 5 was sent" in caplog.text


@pytest.mark.parametrize("url", ["redis://:hunter2@127.0.0.1:1/0", "amqp://guest:hunter2@127.0.0.1:1//"])
def test_an_unreachable_broker_is_reported_without_its_address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", url)  # Celery prefers it to `broker=`
    sender, what = a_prepared(Celery("platform", set_as_current=False), a_schedule())
    with pytest.raises(NotSent) as caught:
        sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert str(caught.value)
    assert not isinstance(caught.value, FateUnknown)


@pytest.mark.parametrize("after", [False, True], ids=["before it is sent", "after it was sent"])
def test_secrets_are_masked_in_errors_of_the_platforms_own_code(
    app: Celery, caplog: pytest.LogCaptureFixture, after: bool
) -> None:
    class Talks(Task):
        def apply_async(self, *call: Any, **options: Any) -> Any:
            if after:
                super().apply_async(*call, **options)
            raise ValueError(f"{call[0]} {call[1]} {options['headers']}")

    @app.task(name="reports.tasks.nightly", shared=False, base=Talks)
    def nightly(user, password, **_): ...

    schedule = a_schedule(headers='{"X-Token": "third-secret"}')
    sender = CelerySender(app, WORDS)
    what = sender.prepare(schedule, TASK_ID, ["ada", "first-secret"], {"pwd": "second-secret"}, requester="ada")
    assert "third-secret" not in str(what.target)
    if after:
        sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
        said = caplog.text
    else:
        with pytest.raises(NotSent) as failed:
            sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
        said = str(failed.value)
    assert f"['ada', '{MASK}'] {{'pwd': '{MASK}'}}" in said
    assert "-secret" not in said
    taken(app)
