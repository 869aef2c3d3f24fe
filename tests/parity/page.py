"""docs/parity.md, made of the messages that were compared."""

import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from bot.core.text import clip
from tests.parity.cases import ROWS, SECTIONS, Case
from tests.parity.compare import BEATS_MARK, RESULT, Compared, Sent, differing, named
from tests.parity.wire import Fields

All = Mapping[tuple[str, str], Compared]
PACKAGES = ("celery", "kombu", "django-celery-beat")
PEERS = {"admin": "“Run selected tasks”", "bare": "`send_task`"}
ALWAYS = frozenset({BEATS_MARK, RESULT, "headers.periodic_task_name"})  # said once, above the tables
QUIET = frozenset(  # follow from others, or from the process
    {"headers.argsrepr", "headers.kwargsrepr", "headers.expires", "queue", "properties.reply_to"}
)
INTRODUCTION = """\
# What is sent, compared with beat

Made by a test: `pytest tests/parity --write-docs` writes this page, and the same test fails where the page is not what it
finds. For every case below the test stores a `PeriodicTask` row and sends it in four ways, over Redis and over RabbitMQ:

- **beat**: django-celery-beat's own `DatabaseScheduler`, which reads the row and sends it over its own producer;
- **runtask**: the whole way of a run, from the row's id through `bot.runs.start`;
- **“Run selected tasks”**: the action of django-celery-beat's admin;
- **`send_task`**: `app.send_task(row.task, args, kwargs)`, what a page of one's own does.

It then takes the raw messages out of the broker (Redis: the JSON in its lists; RabbitMQ: `basic.get`, with the properties as the
protocol has them) and compares every field: queue, exchange, routing key, body byte by byte, content type and encoding, every
header, every property. Left aside is only what no two messages share: the task's id and the delivery tag.
"""
NAMED = """\
## What differs on purpose

| field | beat | runtask | why |
|---|---|---|---|
| `headers.ignore_result` | the task's | `false` | so that a result lands, and the run's end can be told. Signals, routers and `shadow_name` are called as by beat; what a worker does with results of a task with `ignore_result` sent by message protocol 1 can't be changed by a header |
| `headers.runtask_run_id`, `headers.runtask_requester` | | the run, the user's name | the audit trail reaches workers and their logs |
| `headers.celery_beat_task` | `true` (Celery 5.6 and later) | | it says that beat sent the message, which would be untrue |
| `expires` | sent when it is past | left out | the worker would revoke the run at once, and RabbitMQ throws such a message away. The form says so before, the run's page afterwards |
| `expires` with `USE_TZ` off | without a zone: Celery takes it for UTC, a worker for its `timezone` | with the zone of the site's `TIME_ZONE` | it is what the admin shows; west of Greenwich the worker would revoke the run hours too early |
| `headers.id` from the row's `headers` | replaces the message's | left out | the run could not be followed under another id |

Nothing else differs, in none of the cases.
"""
PEERS_LOSE = """\
The columns of the other two say in which fields their message differs from beat's. Besides, `send_task` always loses
`periodic_task_name` (so a result can't be told from any other of the task), neither carries beat's mark, and beat's admin runs
the task with its own `ignore_result`. These two columns are what was found on Redis.
"""


def page(compared: All) -> str:
    parts = [INTRODUCTION, f"Versions: {versions()}.\n", NAMED, PEERS_LOSE]
    for title, cases in SECTIONS.items():
        rows = [_row(case, compared) for case in cases]
        what = "row" if cases is ROWS else "case"
        head = f"| {what} | beat sends | runtask | {' | '.join(PEERS.values())} |\n|---|---|---|---|---|\n"
        parts.append(f"## {title}\n\n{head}{''.join(rows)}")
    return "\n".join(parts)


def versions() -> str:
    return ", ".join(f"{name} {version(name)}" for name in PACKAGES)


def _row(case: Case, compared: All) -> str:
    ways, rabbit = compared["Redis", case.name].ways, compared["RabbitMQ", case.name].ways
    plain = compared["Redis", ROWS[0].name].ways["beat"]
    cells = [case.name, _beat(ways["beat"], plain), _ours(ways["beat"], ways["runtask"], case)]
    if ways["beat"].messages and not rabbit["beat"].messages:
        cells[1] += "; RabbitMQ drops it at once"
    cells += [_peer(ways["beat"], ways[peer]) for peer in PEERS]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def _beat(sent: Sent, plain: Sent) -> str:
    """What this case changes in beat's message."""
    if not sent.messages:
        return sent.because
    (message,), (usual,) = sent.messages, plain.messages
    names = sorted(name for name in differing(message, usual) - QUIET if name in message)
    return ", ".join(f"{_short(name)} {_value(name, message)}" for name in names) or "as usual"


def _ours(beat: Sent, ours: Sent, case: Case) -> str:
    if not ours.messages:
        return f"refused: {clip(ours.because, 90)}"
    if not beat.messages:
        return "sent, as if blank"
    (message,), (own,) = beat.messages, ours.messages
    names = differing(message, own)
    left = names & case.differs
    if names != named(message, case):
        return f"differs: {_listed(names - named(message, case))}"
    return f"same but for {_listed(left)}" if left else "same"


def _peer(beat: Sent, peer: Sent) -> str:
    if not peer.messages:
        return peer.because or "reaches no queue"
    if not beat.messages:
        return "sent"
    (message,), (other,) = beat.messages, peer.messages
    names = differing(message, other) - ALWAYS - QUIET
    return f"other {_listed(names)}" if names else "same"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_short(name) for name in sorted(names))


def _short(name: str) -> str:
    return f"`{name.removeprefix('headers.').removeprefix('properties.')}`"


def _value(name: str, message: Fields) -> str:
    value = message[name]
    if name == "properties.expiration":
        return f"in {int(value) // 1000} s"
    if name == "body":
        value = _body(value, message)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"`{clip(text, 60)}`"


def _body(body: bytes, message: Fields) -> str:
    if message.get("headers.compression"):
        return "compressed"
    if message["content_type"] != "application/json":
        return str(message["content_type"])
    decoded: Any = json.loads(body)
    if isinstance(decoded, dict):
        return "message protocol 1"
    return json.dumps(decoded[:2], ensure_ascii=False)[1:-1].replace("\u2028", "\\u2028")
