"""What is done once Slack has been answered, and not before."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue

import pytest
from slack_bolt import BoltResponse

from bot.slack import afterwards as module
from bot.slack.afterwards import Afterwards, answer
from bot.slack.endpoint import _Response


@pytest.fixture
def afterwards() -> Iterator[Afterwards]:
    with ThreadPoolExecutor(1) as pool:
        yield Afterwards(pool)


@pytest.fixture
def done() -> Queue[str]:
    return Queue()


def test_work_begins_when_the_answer_is_out(afterwards: Afterwards, done: Queue[str]) -> None:
    with answer() as made:
        afterwards.do(lambda: done.put("work"), late=fail)
    afterwards.pool.submit(done.put, "something else").result()
    made.out()
    made.out()
    assert [done.get(timeout=10), done.get(timeout=10)] == ["something else", "work"]
    afterwards.pool.submit(done.put, "the end").result()
    assert done.get(timeout=10) == "the end"


def test_answers_to_others_go_first(afterwards: Afterwards, done: Queue[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GIVES_WAY", 10)
    with answer() as other:
        pass
    with answer() as made:
        afterwards.do(lambda: done.put("work"), late=fail)
    made.out()
    with pytest.raises(Empty):
        done.get(timeout=0.2)
    other.out()
    assert done.get(timeout=5) == "work"


def test_an_answer_that_takes_its_time_is_not_waited_for(afterwards: Afterwards, done: Queue[str]) -> None:
    with answer() as other:
        afterwards.pool.submit(afterwards.do, lambda: done.put("work"), late=fail).result()
        assert done.get(timeout=5) == "work"
    other.out()


def test_an_answer_that_failed_is_owed_no_longer(
    afterwards: Afterwards, done: Queue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GIVES_WAY", 10)
    with pytest.raises(LookupError), answer():
        fail()
    afterwards.do(lambda: done.put("work"), late=fail)
    assert done.get(timeout=5) == "work"


def test_without_an_answer_it_begins_at_once(afterwards: Afterwards, done: Queue[str]) -> None:
    afterwards.do(lambda: done.put("work"), late=fail)
    assert done.get(timeout=10) == "work"


@pytest.mark.django_db  # which Django looks after when a response is closed
@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "given up"])
def test_over_http_it_begins_when_the_response_is_closed_or_another_one_was_sent(
    afterwards: Afterwards, done: Queue[str], is_closed: bool
) -> None:
    with answer() as made:
        afterwards.do(lambda: done.put("work"), late=fail)
    response = _Response(made, BoltResponse(status=200, body=""))
    assert done.empty()
    if is_closed:
        response.close()
    else:
        del response
    assert done.get(timeout=10) == "work"


def fail() -> None:
    raise LookupError


def test_what_fails_is_in_the_log(afterwards: Afterwards, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        afterwards.do(fail, late=fail)
        afterwards.pool.shutdown()
    assert "LookupError" in caplog.text
