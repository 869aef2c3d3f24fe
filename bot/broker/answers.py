"""Recognises the errors by which the broker itself refuses a message. The queue that refused it certainly doesn't have it.

The errors are those of redis/exceptions.py and amqp/exceptions.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from amqp.exceptions import AMQPError, MessageNacked
from kombu.exceptions import ChannelError, OperationalError

from bot.core.reasons import Code, Reason
from bot.core.text import clip, one_line

SEARCHED = 2_000  # characters of an error in which addresses are looked for
LIMIT = 300  # characters of a broker's error that people are shown
NO_ROUTE, ACCESS_REFUSED, PRECONDITION_FAILED = 312, 403, 406  # rabbitmq.com: amqp-0-9-1-reference, reply codes
DECLARING = frozenset({(40, 10), (50, 10)})  # AMQP's numbers for Exchange.declare and Queue.declare
# Some errors of Redis quote the command, which contains the message. redis-py quotes it in the errors of a pipeline, too.
QUOTED_BEFORE = re.compile(r"^Command # (\d+) \(.*\) of pipeline caused error: ", re.DOTALL)
QUOTED_AFTER = re.compile(r",? with args beginning with:.*", re.DOTALL)
ADDRESS = re.compile(
    r"""\w+://\S+  # a URL
    | \S+@\S+
    | [\w-]+(?:\.[\w-]+)*:\d+  # a host and its port
    | \d+(?:\.\d+){3}
    | \[?[0-9a-f]*:[0-9a-f:]+\]?(?::\d+)?  # IPv6""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why the broker refused a message. Without `of_all`, one queue refused it, and other queues may have it."""

    reason: Reason
    of_all: bool = False


def refusal(exc: BaseException, transport: str, queue: str = "") -> Refusal | None:
    """The broker's refusal. None: the broker has not answered, or its answer isn't a refusal.

    `queue`: the queue that the message was for.
    """
    if isinstance(exc, OperationalError) and exc.__cause__ is not None:
        exc = exc.__cause__  # kombu wraps errors that a retry may cure, also in Celery's send_task
    by_transport: dict[str, Callable[[BaseException, str], Refusal | None]] = {"amqp": _rabbitmq, "redis": _redis}
    read = by_transport.get(transport)
    return None if read is None else read(exc, queue)


def shown(text: str) -> str:
    """A broker's error on one line, without addresses, which may hold passwords. Secrets must be masked already."""
    line = one_line(text)
    if len(line) > SEARCHED:  # ADDRESS takes time in proportion to the square of a word's length
        line = line[:SEARCHED].rpartition(" ")[0] + "…"  # without the last word: it may be the beginning of an address
    return clip(ADDRESS.sub("…", line), LIMIT)


def _rabbitmq(exc: BaseException, queue: str) -> Refusal | None:
    """If RabbitMQ closes the channel or returns the message, no queue has it.

    RabbitMQ sends a nack even if some of several queues have the message (rabbitmq.com: maxlength, "Overflow Behaviour").
    """
    if isinstance(exc, MessageNacked):
        return Refusal(reason=Reason(code=Code.QUEUE_FULL))
    if not isinstance(exc, ChannelError) or not exc.reply_code:
        return None
    return Refusal(reason=_of_code(exc, queue), of_all=True)


def _of_code(exc: AMQPError, queue: str) -> Reason:
    if exc.reply_code == NO_ROUTE:
        return Reason(code=Code.NO_QUEUE, params={"queue": queue})
    code = Code.BROKER_REFUSED
    if exc.reply_code == ACCESS_REFUSED:
        code = Code.BROKER_FORBIDS
    elif exc.reply_code == PRECONDITION_FAILED and exc.method_sig in DECLARING:
        code = Code.QUEUE_DIFFERS
    return Reason(code=code, params={"error": shown(str(exc))})


def _redis(exc: BaseException, _queue: str) -> Refusal | None:
    """The refusal in an error reply of Redis. None if the reply is about another command than the one that queues the message.

    A refused command had no effect, but the commands before it in the same pipeline had theirs.
    """
    from redis import exceptions as redis  # noqa: PLC0415  # it is installed where this transport is used

    if isinstance(exc.__context__, redis.ReadOnlyError):  # behind Sentinel, redis-py raises another error in its place
        exc = exc.__context__
    if not isinstance(exc, (redis.ResponseError, redis.BusyLoadingError, redis.AuthenticationError)):
        return None
    text = str(exc)
    quoted = QUOTED_BEFORE.match(text)
    if quoted is not None and quoted[1] != "1":  # the pipeline's first command puts the message into the queue
        return None
    text = QUOTED_AFTER.sub("", text[quoted.end() :] if quoted is not None else text)
    if isinstance(exc, redis.ReadOnlyError):
        return Refusal(reason=Reason(code=Code.BROKER_READ_ONLY))
    if "maxmemory" in text:
        return Refusal(reason=Reason(code=Code.BROKER_FULL))
    is_forbidden = isinstance(exc, (redis.NoPermissionError, redis.AuthenticationError))
    code = Code.BROKER_FORBIDS if is_forbidden else Code.BROKER_REFUSED
    return Refusal(reason=Reason(code=code, params={"error": shown(text)}))
