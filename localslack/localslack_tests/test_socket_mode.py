"""Socket Mode: hello, acks, several connections, and every way in which one ends. Most tests use raw WebSockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.apps import SocketApp
from localslack_tests.test_payloads import recorded

Socket = aiohttp.ClientWebSocketResponse


@pytest.fixture
def fresh() -> Iterator[LocalSlack]:
    """A local Slack without connections."""
    with LocalSlack(deadline=1.0) as slack:
        yield slack


@asynccontextmanager
async def connected(slack: LocalSlack, count: int = 1) -> AsyncIterator[list[Socket]]:
    """Opens raw connections and reads the hello of each."""
    headers = {"Authorization": f"Bearer {slack.app_token}"}
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(count):
            async with session.post(slack.api_url + "apps.connections.open", headers=headers) as answer:
                url = (await answer.json())["url"]
            sockets.append(await session.ws_connect(url, autoping=False))
            assert (await sockets[-1].receive_json())["type"] == "hello"
        yield sockets
        for socket in sockets:
            await socket.close()


def run(work: Callable[[], Awaitable[Any]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(work(), 10)

    # It runs in a thread of its own: after a test with Playwright, this thread has a running loop.
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(asyncio.run, bounded()).result()


async def elsewhere(work: Callable[..., Any], *args: Any) -> Any:
    """Makes a blocking call of the control API without blocking the test's loop."""
    return await asyncio.to_thread(work, *args)


def test_hello_is_as_recorded(fresh: LocalSlack) -> None:
    async def work() -> None:
        headers = {"Authorization": f"Bearer {fresh.app_token}"}
        async with aiohttp.ClientSession() as session:
            async with session.post(fresh.api_url + "apps.connections.open", headers=headers) as answer:
                url = (await answer.json())["url"]
            async with session.ws_connect(url) as socket:
                hello, sample = await socket.receive_json(), recorded("socket_mode.envelope.hello.json")
                assert hello["num_connections"] == 1
                assert {name: set(part) if isinstance(part, dict) else type(part) for name, part in hello.items()} == {
                    name: set(part) if isinstance(part, dict) else type(part) for name, part in sample.items()
                }
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)  # a ticket allows only one connection

    run(work)


def test_a_pong_has_the_text_of_its_ping(fresh: LocalSlack) -> None:
    async def work() -> None:
        async with connected(fresh) as (socket,):
            await socket.ping(b"sdk-ping:1")
            assert (await socket.receive())[:2] == (WSMsgType.PONG, b"sdk-ping:1")

    run(work)


def test_no_pong_leaves_pings_unanswered(fresh: LocalSlack, ana_on: Callable[[LocalSlack], Person]) -> None:
    async def work() -> None:
        async with connected(fresh) as (socket,):
            await elsewhere(fresh.trouble, "no_pong")
            await socket.ping(b"anybody?")
            typing = asyncio.create_task(elsewhere(ana_on(fresh).types, "C0OPS", "/runtask"))
            first = await socket.receive()
            assert first.type is WSMsgType.TEXT
            await socket.send_json({"envelope_id": json.loads(first.data)["envelope_id"]})
            assert (await typing)["ok"]

    run(work)


def test_each_payload_goes_to_one_connection_and_any_may_acknowledge(
    fresh: LocalSlack, ana_on: Callable[[LocalSlack], Person]
) -> None:
    async def work() -> None:
        async with connected(fresh, 2) as sockets:
            used: set[int] = set()
            for _ in range(30):
                typing = asyncio.create_task(elsewhere(ana_on(fresh).types, "C0OPS", "/runtask"))
                waiting = [asyncio.create_task(socket.receive_json()) for socket in sockets]
                done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in pending:
                    task.cancel()
                await asyncio.gather(*pending, return_exceptions=True)
                (envelope,) = [task.result() for task in done]
                index = waiting.index(done.pop())
                used.add(index)
                other = sockets[1 - index]
                await other.send_json({"envelope_id": envelope["envelope_id"]})
                assert (await typing)["ok"]
                if used == {0, 1}:
                    return
            raise AssertionError("always the same connection")

    run(work)


def test_the_eleventh_connection_is_refused(fresh: LocalSlack) -> None:
    async def work() -> None:
        headers = {"Authorization": f"Bearer {fresh.app_token}"}
        async with connected(fresh, 10), aiohttp.ClientSession() as session:
            async with session.post(fresh.api_url + "apps.connections.open", headers=headers) as answer:
                url = (await answer.json())["url"]
            async with session.ws_connect(url) as eleventh:
                assert (await eleventh.receive_json())["reason"] == "too_many_websockets"
                assert (await eleventh.receive()).type is WSMsgType.CLOSE
            assert len(await elsewhere(fresh.connections)) == 10

    run(work)


@pytest.mark.parametrize(
    ("trouble", "seen"),
    [
        ("refresh", {"type": "disconnect", "reason": "refresh_requested"}),
        ("warning", {"type": "disconnect", "reason": "warning"}),
        ("link_disabled", {"type": "disconnect", "reason": "link_disabled"}),
        ("close", WSMsgType.CLOSE),
        ("fin", WSMsgType.CLOSED),
    ],
)
def test_a_connection_can_end_in_every_way_that_slack_has(fresh: LocalSlack, trouble: str, seen: Any) -> None:
    async def work() -> None:
        async with connected(fresh) as (socket,):
            await asyncio.gather(elsewhere(fresh.trouble, trouble), _expect(socket, seen))

    run(work)


async def _expect(socket: Socket, seen: Any) -> None:
    message = await socket.receive()
    if isinstance(seen, dict):
        assert seen.items() <= json.loads(message.data).items()
    else:
        assert message.type is seen


def test_a_retiring_connection_gets_nothing_while_there_is_another(
    fresh: LocalSlack, ana_on: Callable[[LocalSlack], Person]
) -> None:
    async def work() -> None:
        async with connected(fresh) as (old,):
            await elsewhere(fresh.trouble, "refresh")
            assert (await old.receive_json())["reason"] == "refresh_requested"
            async with connected(fresh) as (new,):
                for _ in range(5):
                    typing = asyncio.create_task(elsewhere(ana_on(fresh).types, "C0OPS", "/runtask"))
                    await new.send_json({"envelope_id": (await new.receive_json())["envelope_id"]})
                    assert (await typing)["ok"]

    run(work)


def test_a_muted_connection_swallows_everything(fresh: LocalSlack, ana_on: Callable[[LocalSlack], Person]) -> None:
    fresh.config(deadline=0.1)

    async def work() -> None:
        async with connected(fresh) as (socket,):
            await elsewhere(fresh.trouble, "mute")
            answer = await elsewhere(ana_on(fresh).types, "C0OPS", "/runtask")
            assert answer["error"] == "operation_timeout"
            await elsewhere(fresh.trouble, "unmute")
            await socket.ping(b"back")
            assert (await socket.receive()).type is WSMsgType.PONG

    run(work)


def test_without_a_connection_a_command_fails_at_once(fresh: LocalSlack) -> None:
    assert fresh.person("U0ANA").types("C0OPS", "/runtask")["error"] == "dispatch_failed"


def test_unacknowledged_events_come_again_with_a_reason(
    fresh: LocalSlack, ana_on: Callable[[LocalSlack], Person]
) -> None:
    fresh.config(deadline=0.1, events=["app_mention"], event_retry_delays=[0.0])

    async def work() -> None:
        async with connected(fresh) as (socket,):
            await elsewhere(ana_on(fresh).types, "C0OPS", "<@U0BOT> hey")
            first, second = await socket.receive_json(), await socket.receive_json()
            assert [(one["retry_attempt"], one["retry_reason"]) for one in (first, second)] == [(0, ""), (1, "timeout")]
            assert first["payload"] == second["payload"]
            assert first["envelope_id"] != second["envelope_id"]
            await socket.send_json({"envelope_id": second["envelope_id"]})

    run(work)


def test_other_messages_are_not_acks(fresh: LocalSlack, ana_on: Callable[[LocalSlack], Person]) -> None:
    async def work() -> None:
        async with connected(fresh) as (socket,):
            typing = asyncio.create_task(elsewhere(ana_on(fresh).types, "C0OPS", "/runtask"))
            envelope = await socket.receive_json()
            for nonsense in ("not json", "[]", '{"envelope_id": 7}', '{"envelope_id": "unknown"}'):
                await socket.send_str(nonsense)
            await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "done"}})
            assert (await typing)["ack"] == {"text": "done"}

    run(work)


def test_slacks_own_client_comes_back_after_a_refresh() -> None:
    with LocalSlack() as slack, SocketApp(slack) as app:
        slack.trouble("refresh")
        slack.wait_for(lambda: [one for one in slack.connections() if not one["retiring"]])
        assert slack.person("U0ANA").types("C0OPS", "/runtask")["ok"]
        assert len(app.received("slash_commands")) == 1


@pytest.fixture
def ana_on() -> Callable[[LocalSlack], Person]:
    return lambda slack: slack.person("U0ANA")


def test_a_large_ack_is_accepted(fresh: LocalSlack, ana_on: Callable[[LocalSlack], Person]) -> None:
    large: Json = {"text": "x" * 200_000}

    async def work() -> None:
        async with connected(fresh) as (socket,):
            typing = asyncio.create_task(elsewhere(ana_on(fresh).types, "C0OPS", "/runtask"))
            envelope = await socket.receive_json()
            await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": large})
            assert (await typing)["ack"] == large

    run(work)
