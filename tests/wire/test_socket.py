"""Socket Mode stays alive, and stops without losing what it has begun."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.internals import run_bolt_app

from bot import wiring
from bot.slack.socket import CHECK, FROZEN, _Client
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.form import opened

SERVING = "serving"  # the name of the replicas' threads
RECONNECTS = 20.0  # seconds in which a lost connection must be back, on a busy machine


def connection_numbers(slack: LocalSlack) -> set[int]:
    return {connection["number"] for connection in slack.connections() if not connection["retiring"]}


@pytest.mark.parametrize("what", ["refresh", "close", "fin", "no_pong", "mute"])
def test_a_connection_that_ends_is_replaced(socket_bot: LocalSlack, ana: Person, schedule: Schedule, what: str) -> None:
    schedule()
    before = connection_numbers(socket_bot)
    socket_bot.trouble(what)

    def is_replaced() -> bool:
        now = connection_numbers(socket_bot)
        return bool(now) and not now & before

    socket_bot.wait_for(is_replaced, RECONNECTS)  # while the old one is open, Slack may hand it the command
    if what == "mute":
        socket_bot.trouble("unmute")
    assert opened(socket_bot, ana)


def test_waiting_for_slack_does_not_spin(socket_bot: LocalSlack) -> None:
    socket_bot.trouble("fin")
    before = time.process_time()
    started = time.monotonic()
    socket_bot.wait_for(lambda: time.monotonic() - started > 2)
    assert time.process_time() - before < 1.5, "slack_sdk alone would spin here"


@pytest.fixture
def serve(slack: LocalSlack) -> Iterator[Callable[[], threading.Event]]:
    """A function that starts a replica of the bot. The replica ends when the returned event is set."""
    running: list[tuple[threading.Event, threading.Thread]] = []

    def start() -> threading.Event:
        stopping = threading.Event()
        thread = threading.Thread(target=wiring.socket_mode().serve, args=(stopping,), name=SERVING)
        thread.start()
        running.append((stopping, thread))
        return stopping

    yield start
    for stopping, thread in running:
        stopping.set()
        thread.join(20)
        assert not thread.is_alive()


def test_the_bot_starts_while_slack_is_away_and_connects_later(
    slack: LocalSlack, serve: Callable[[], threading.Event]
) -> None:
    slack.fault("http500", method="apps.connections.open", count=2)
    serve()
    slack.wait_for_app(timeout=RECONNECTS)


def asked(slack: LocalSlack) -> int:
    """How often Slack was asked for a connection."""
    return len(slack.calls("apps.connections.open"))


def test_while_slack_is_away_the_bot_asks_less_and_less_often(
    slack: LocalSlack, serve: Callable[[], threading.Event]
) -> None:
    serve()
    slack.wait_for_app()
    slack.fault("http500", method="apps.connections.open", count=0)
    slack.trouble("fin")
    slack.wait_for(lambda: asked(slack) > 1)
    before = asked(slack)
    time.sleep(2.5)
    assert asked(slack) - before <= 2


def test_a_connection_that_slack_ends_at_once_counts_as_a_failed_try(
    slack: LocalSlack, serve: Callable[[], threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localslack.socket_mode.MAX_CONNECTIONS", 0)
    serve()
    slack.wait_for(lambda: asked(slack) > 0)
    time.sleep(2.5)
    assert asked(slack) <= 3


def test_a_stop_does_not_wait_for_retry_after(slack: LocalSlack, serve: Callable[[], threading.Event]) -> None:
    slack.fault("ratelimited", method="apps.connections.open", retry_after=60, count=0)
    stopping = serve()
    slack.wait_for(lambda: asked(slack) > 0)
    stopping.set()  # `serve` checks that the replica ends


def test_a_disconnect_that_comes_right_after_the_hello_is_handled(
    slack: LocalSlack, serve: Callable[[], threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[int] = []  # how many there are, each time when the bot asks Slack for a new one
    ask, is_connected = _Client.issue_new_wss_url, _Client.is_connected

    def asking(client: _Client) -> str:
        connections.append(len(slack.connections()))
        return ask(client)

    def is_connected_after_the_warning(client: _Client) -> bool:
        if len(connections) == 1:
            slack.wait_for_app()
            slack.trouble("warning")  # Slack keeps the old connection for 10 s
            assert client._lost.wait(10)
        return is_connected(client)

    monkeypatch.setattr("bot.slack.socket.LASTING", 0.0)
    monkeypatch.setattr(_Client, "issue_new_wss_url", asking)
    monkeypatch.setattr(_Client, "is_connected", is_connected_after_the_warning)
    serve()
    slack.wait_for(lambda: len(connections) > 1, RECONNECTS)
    assert connections == [0, 1]


def test_a_stop_while_a_connection_is_replaced_leaves_no_connection(
    slack: LocalSlack, serve: Callable[[], threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    connecting: list[str] = []

    def slowly(client: _Client) -> str:
        connecting.append(threading.current_thread().name)
        begun.set()
        go_on.wait(10)
        return str(client.web_client.apps_connections_open(app_token=client.app_token)["url"])

    monkeypatch.setattr("bot.slack.socket.LASTING", 0.0)
    stopping = serve()
    [serving] = [thread for thread in threading.enumerate() if thread.name == SERVING]
    slack.wait_for_app()
    monkeypatch.setattr(_Client, "issue_new_wss_url", slowly)
    slack.trouble("warning")  # Slack keeps the old connection for 10 s
    assert begun.wait(10)
    stopping.set()
    go_on.set()
    serving.join(20)
    assert asked(slack) > 1
    assert connecting == [SERVING], "another thread could connect after the stop, and nobody would read that connection"
    slack.wait_for(lambda: not slack.connections())


def test_a_stop_waits_for_the_acknowledgement_in_flight(
    slack: LocalSlack, ana: Person, schedule: Schedule, serve: Callable[[], threading.Event], monkeypatch: Any
) -> None:
    schedule()
    begun, go_on = threading.Event(), threading.Event()

    def slowly(*args: Any) -> Any:
        begun.set()
        go_on.wait(10)
        return run_bolt_app(*args)

    stopping = serve()
    slack.wait_for_app()
    monkeypatch.setattr("bot.slack.socket.run_bolt_app", slowly)
    answers: list[dict[str, Any]] = []
    typing = threading.Thread(target=lambda: answers.append(ana.types(OPS, "/runtask help")))
    typing.start()
    assert begun.wait(10)
    stopping.set()
    go_on.set()
    typing.join(10)
    assert "opens the form" in str(answers[0]["ack"])


def test_a_request_that_comes_while_a_stop_waits_is_handled(
    slack: LocalSlack, ana: Person, schedule: Schedule, serve: Callable[[], threading.Event], monkeypatch: Any
) -> None:
    schedule("Nightly report")
    begun, go_on = threading.Event(), threading.Event()

    def slowly(app: Any, request: Any) -> Any:
        if request.type == "slash_commands":
            begun.set()
            go_on.wait(10)
        return run_bolt_app(app, request)

    stopping = serve()
    slack.wait_for_app()
    opened(slack, ana, "/runtask Nightly report")
    monkeypatch.setattr("bot.slack.socket.run_bolt_app", slowly)
    monkeypatch.setattr("bot.slack.socket.DRAIN", 30.0)
    typing = threading.Thread(target=lambda: ana.types(OPS, "/runtask help"))
    typing.start()
    assert begun.wait(10)
    stopping.set()
    time.sleep(FROZEN + CHECK)  # if its ticks had ended at the stop, the bot would now think that it was frozen
    assert ana.submits().get("closed")
    go_on.set()
    typing.join(10)


def test_a_second_replica_takes_over_without_a_gap(
    slack: LocalSlack, ana: Person, schedule: Schedule, serve: Callable[[], threading.Event]
) -> None:
    schedule()
    first = serve()
    slack.wait_for_app()
    serve()
    slack.wait_for_app(2)
    first.set()
    slack.wait_for(lambda: len(slack.connections()) == 1, RECONNECTS)
    assert opened(slack, ana)
