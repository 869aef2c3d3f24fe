"""Writes docs/parity.md from the messages that were compared."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from bot.core.text import clip
from tests.parity.cases import ROWS, SECTIONS, Case
from tests.parity.compare import BEATS_MARK, RESULT, Compared, Sent, differing, intended
from tests.parity.wire import Fields

All = Mapping[tuple[str, str], Compared]
PACKAGES = ("celery", "kombu", "django-celery-beat")
PEERS = {"admin": "“Run selected tasks”", "bare": "`send_task`"}
ALWAYS = frozenset(
    {BEATS_MARK, RESULT, "headers.periodic_task_name"}
)  # fields that the page explains once, above the tables
QUIET = frozenset(  # fields that follow from others, or depend on the process
    {"headers.argsrepr", "headers.kwargsrepr", "headers.expires", "queue", "properties.reply_to"}
)
INVISIBLE = ("Cc", "Cf", "Zl", "Zp")  # Unicode's categories of control, format and separator characters
INTRODUCTION = """\
# What is sent, compared with beat

This page is for people who want to know exactly what workers receive. It compares runtask's messages with beat's, field by field.
A test checks this page. `pytest tests/parity --write-docs` writes the page anew.

For each case below, the test stores a `PeriodicTask` row and sends it in four ways, over Redis and over RabbitMQ:

| way | what it is |
|---|---|
| beat | django-celery-beat's own `DatabaseScheduler` reads the row and sends it |
| runtask | a complete run, from the row's id through `bot.runs.start` |
| “Run selected tasks” | the action in django-celery-beat's admin |
| `send_task` | `app.send_task(row.task, args, kwargs)`, as a simple page that you write yourself might do |

Then it reads the raw messages from the broker (Redis: the JSON in the lists; RabbitMQ: `basic.get`) and compares all fields: queue,
exchange, routing key, body (byte by byte), content type, encoding, headers, properties. It ignores only the task id and the delivery
tag, which are different in every message.
"""
DIFFERENCES = """\
## Intended differences

| field | beat sends | runtask sends | reason |
|---|---|---|---|
| `headers.ignore_result` | the task's own value | `false` | The worker stores the result, so that the thread can show it. Your routers, your `shadow_name` functions and your handlers of `before_task_publish` still see the task's own value. Message protocol 1 has no such header, so there a task with `ignore_result` stores no result |
| `headers.runtask_run_id`, `headers.runtask_requester` | nothing | the run's id, the user's name | Workers and their logs can show who started the run |
| `headers.celery_beat_task` | `true` (from Celery 5.6 on) | nothing | beat didn't send this message |
| `expires` in the past | `expires` | nothing | The worker would revoke the run immediately, and RabbitMQ would drop the message. The form says that the expiry is left out |
| `expires` with `USE_TZ` off | a time without a zone. Celery treats it as UTC; a worker treats it as a time in the setting `timezone` | the time in the site's `TIME_ZONE` | The admin shows it in this zone. In time zones west of UTC, such as New York, the worker would revoke the run hours too early |
| `id` in the row's `headers` | it replaces the message's own id | nothing | With another id, runtask couldn't follow the run |

If both beat and runtask send a message, no other field differs, with one exception. The pages and the API publish in a request of your
site. If your project adds headers from what its middleware has set for the thread, such as the schema of django-tenants, these headers
may differ from those that beat sends. What is in the row's `headers` is the same everywhere ([recipe](install.md#a-site-with-tenants)).

On RabbitMQ, runtask sends a message for a queue as *mandatory*: if
there is no such queue, the broker refuses it, and the form says so. beat's message would be dropped.
"""
HOW_TO_READ = """\
## How to read the tables

| column | text | meaning |
|---|---|---|
| beat sends | fields and values | how the message differs from that of the first row (only a name and a task); fields that depend on the listed ones are left out |
| beat sends | as usual | the message doesn't differ from that of the first row |
| runtask | same | equal to beat's message, except for the first three rows of *Intended differences* |
| runtask | same but for … | these fields differ, too, for the reasons in *Intended differences* |
| the last two columns | other … | these fields aren't equal to beat's (on Redis) |
| beat sends | disables the row | beat sends nothing, and disables the schedule |
| beat sends | … RabbitMQ drops it immediately | beat sends the message, but RabbitMQ drops it, because it has expired |
| runtask | refused: … | runtask sends nothing, and shows this reason |
| runtask | sent, as if blank | beat sends nothing; runtask sends a message, as if the field were empty |
| “Run selected tasks” | refuses: … | beat's admin sends nothing, and shows this reason |
| the last two columns | sent | beat sends nothing, but this way sends a message |
| the last two columns | reaches no queue | this way sends a message, but no queue receives it |
| all columns except runtask | fails: … | nothing is sent, because of this exception |
| all columns except runtask | runs the task in its own process | nothing is sent: the task runs in the process that should send it |

These differences apply to every row, so the last two columns don't repeat them:

- `send_task` sends no `periodic_task_name`. So a result can't be assigned to its schedule.
- Neither of the two sends `celery_beat_task`.
- Neither of the two requests the result of a task with `ignore_result`.
"""


def page(compared: All) -> str:
    parts = [INTRODUCTION, f"Versions: {versions()}.\n", DIFFERENCES, HOW_TO_READ]
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
        cells[1] += "; RabbitMQ drops it immediately"
    cells += [_peer(ways["beat"], ways[peer]) for peer in PEERS]
    return f"| {' | '.join(visible(cell).replace('|', '&#124;') for cell in cells)} |\n"


def visible(text: str) -> str:
    """Replaces invisible characters by JSON escapes. A NUL, for example, makes a file binary for grep and git."""
    return "".join(json.dumps(one)[1:-1] if unicodedata.category(one) in INVISIBLE else one for one in text)


def _beat(sent: Sent, plain: Sent) -> str:
    """The fields that this case changes in beat's message."""
    if not sent.messages:
        return sent.because
    (message,), (usual,) = sent.messages, plain.messages
    names = sorted(name for name in differing(message, usual) - QUIET if name in message)
    return ", ".join(f"{_short(name)} {_value(name, message)}" for name in names) or "as usual"


def _ours(beat: Sent, ours: Sent, case: Case) -> str:
    if not ours.messages:
        return f"refused: {clip(_first_sentence(ours.because), 120)}"
    if not beat.messages:
        return "sent, as if blank"
    (message,), (own,) = beat.messages, ours.messages
    names = differing(message, own)
    left = names & case.differs
    if names != intended(message, case):
        return f"differs: {_listed(names - intended(message, case))}"
    return f"same but for {_listed(left)}" if left else "same"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.?]) (?=[A-Z])", text)[0]


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
    return f"`{clip(visible(text), 60)}`"


def _body(body: bytes, message: Fields) -> str:
    if message.get("headers.compression"):
        return "compressed"
    if message["content_type"] != "application/json":
        return str(message["content_type"])
    decoded: Any = json.loads(body)
    if isinstance(decoded, dict):
        return "message protocol 1"
    return json.dumps(decoded[:2], ensure_ascii=False)[1:-1]
