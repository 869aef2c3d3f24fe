"""Errors of the broker: which ones are refusals, and which text is shown. tests.services.test_refused has real brokers."""

import pytest
from amqp import exceptions as amqp
from kombu.exceptions import OperationalError
from redis import exceptions as redis

from bot.broker.answers import refusal, shown
from bot.core.reasons import Code

DECLARE_QUEUE, PUBLISH = (50, 10), (60, 40)


def while_handling(first: Exception, then: Exception) -> Exception:
    """Returns `then` as redis-py raises it behind Sentinel."""
    then.__context__ = first
    return then


def wrapped(exc: Exception) -> Exception:
    """Returns an error as Celery passes it on."""
    outer = OperationalError(str(exc))
    outer.__cause__ = exc
    return outer


DEMOTED = while_handling(
    redis.ReadOnlyError("You can't write"), redis.ConnectionError("The previous master is now a slave")
)


@pytest.mark.parametrize(
    ("transport", "exc", "code", "of_all"),
    [
        ("redis", redis.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), Code.BROKER_FULL, False),
        ("redis", redis.ResponseError("OOM command not allowed when … 'maxmemory'."), Code.BROKER_FULL, False),
        ("redis", redis.ReadOnlyError("You can't write against a read only replica."), Code.BROKER_READ_ONLY, False),
        ("redis", DEMOTED, Code.BROKER_READ_ONLY, False),
        ("redis", redis.NoPermissionError("no permissions"), Code.BROKER_FORBIDS, False),
        ("redis", redis.AuthenticationError("Authentication required."), Code.BROKER_FORBIDS, False),
        ("redis", redis.BusyLoadingError("Redis is loading the dataset in memory"), Code.BROKER_REFUSED, False),
        ("redis", wrapped(redis.ResponseError("MISCONF Redis is configured …")), Code.BROKER_REFUSED, False),
        ("amqp", wrapped(amqp.MessageNacked()), Code.QUEUE_FULL, False),
        ("amqp", amqp.ChannelError("NO_ROUTE", (60, 50), "Basic.return", 312), Code.NO_QUEUE, True),
        ("amqp", amqp.AccessRefused("ACCESS_REFUSED - …", PUBLISH), Code.BROKER_FORBIDS, True),
        ("amqp", amqp.NotFound("NOT_FOUND - no exchange", PUBLISH), Code.BROKER_REFUSED, True),
        ("amqp", amqp.PreconditionFailed("PRECONDITION_FAILED - …", DECLARE_QUEUE), Code.QUEUE_DIFFERS, True),
        ("amqp", amqp.PreconditionFailed("PRECONDITION_FAILED - too large", PUBLISH), Code.BROKER_REFUSED, True),
    ],
)  # fmt: skip
def test_an_answer_of_the_broker_is_a_refusal(transport: str, exc: Exception, code: Code, of_all: bool) -> None:
    found = refusal(exc, transport, "reports")
    assert found is not None
    assert (found.reason.code, found.of_all) == (code, of_all)
    assert set(found.reason.params) <= {"error", "queue"}


@pytest.mark.parametrize(
    ("transport", "exc"),
    [
        ("redis", redis.ConnectionError("Connection closed by server.")),
        ("redis", redis.TimeoutError("Timeout reading from socket")),
        ("redis", redis.InvalidResponse("Protocol Error")),
        ("redis", redis.ResponseError("Command # 2 (PEXPIRE q 0) of pipeline caused error: invalid expire time")),
        ("amqp", amqp.ConnectionForced("CONNECTION_FORCED - broker forced connection closure")),
        ("amqp", amqp.RecoverableConnectionError("Socket closed")),
        ("amqp", amqp.ChannelError("Cannot bind channel")),
        ("amqp", TimeoutError()),
        ("sqs", redis.ReadOnlyError("of another broker")),
    ],
)
def test_an_error_that_is_no_refusal_leaves_the_fate_unknown(transport: str, exc: Exception) -> None:
    assert refusal(exc, transport) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Command # 1 (LPUSH q {'password': 'x'}) of pipeline caused error: WRONGTYPE Operation",
            "WRONGTYPE Operation",
        ),
        ("unknown command 'LPUSH', with args beginning with: 'q' '{\"body\": \"W3\"}'", "unknown command 'LPUSH'"),
        ("MOVED 3999 10.0.0.7:6381", "MOVED 3999 …"),
    ],
)
def test_a_refusal_quotes_neither_the_message_nor_an_address(text: str, expected: str) -> None:
    found = refusal(redis.ResponseError(text), "redis")
    assert found is not None
    assert found.reason.params["error"] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(404) NOT_FOUND - no exchange 'nowhere' in vhost '/'", "(404) NOT_FOUND - no exchange 'nowhere' in vhost '/'"),
        ("at amqp://ana:hunter2@mq.internal:5672//\nfailed", "at … failed"),
        ("a" * 1_000_000, "…"),  # without a limit, the search would take hours
        (f"{'so ' * 700}amqp://ana:hunter2@mq", f"{'so ' * 99}so…"),
        ("ana:hunter2@mq refused; mq.internal:5672, 10.0.0.7 and [::1]:6379 too", "… refused; …, … and … too"),
    ],
)  # fmt: skip
def test_addresses_are_not_shown(text: str, expected: str) -> None:
    assert shown(text) == expected
