"""A request to run something, from the bytes of its body.

The whole body goes through the checks that the form's inputs go through, so that a mistake has its place in the body;
what stands at `args` and `kwargs` is then handed on as it was written.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import uuid4

from django.http import HttpRequest

from bot.core import arguments, jsontext
from bot.core.arguments import NotJson
from bot.core.jsontext import Member
from bot.core.text import clip, one_line
from bot.runs.requests import BODY_LIMIT, TooLarge, raw_body
from bot.web.api.errors import ApiError, Fault, bad_request

JSON = "application/json"
KEY = "Idempotency-Key"
TEXT_LIMIT = 2 * arguments.LENGTH_LIMIT + 1_000  # characters: args, kwargs, and what stands around them
TOLD = 20  # mistakes in one answer
TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "schedule": ((int, str), "a schedule's id (a whole number) or its name (a text)"),
    "args": ((list,), "a list"),
    "kwargs": ((dict,), "an object"),
    "fingerprint": ((str,), "a text, as a schedule's address shows it"),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A well-formed request; texts are JSON, None where a member was left out."""

    schedule: int | str
    args: str | None
    kwargs: str | None
    fingerprint: str | None
    places: Mapping[str, tuple[int, int]]  # line and column of each member's value
    digest: str  # of all of it, however it is written

    def fault(self, field: str, text: str) -> Fault:
        """A problem with a member, at its place; what is wrong with a stored value has none."""
        line, column = self.places.get(field, (None, None))
        return Fault(field=field, text=text, line=line, column=column)


def key_of(request: HttpRequest, user: str) -> tuple[str, bool]:
    """The run's key, and whether the caller chose it; as a digest: MariaDB takes A for a. Raises ApiError."""
    given = request.headers.get(KEY)
    if given is None:
        return f"api:{uuid4()}", False
    if not re.fullmatch(r"[!-~]{1,64}", given):
        raise bad_request(Fault(field=KEY, text=f"{KEY} must be 1 to 64 visible ASCII characters, without spaces."))
    return f"api:{user}:{hashlib.sha256(given.encode()).hexdigest()[:32]}", True


def asked(request: HttpRequest) -> Asked:
    """Raises ApiError: 400, 411, 413, 415."""
    if request.content_type != JSON:
        raise ApiError(415, "not_json", f"The body must be JSON, and say so: `Content-Type: {JSON}`.")
    if not request.headers.get("Content-Length"):
        raise ApiError(411, "no_length", "Send a body, with its Content-Length: Django can't read one in chunks.")
    try:
        return parse(raw_body(request))
    except TooLarge:
        raise ApiError(413, "too_large", f"The body must have at most {BODY_LIMIT:,} bytes.") from None


def parse(raw: bytes) -> Asked:
    """Raises ApiError."""
    text = _text(raw)
    try:
        body = arguments.read(text)
    except NotJson as exc:
        raise bad_request(*_mistakes(text, exc)) from None
    if not isinstance(body, dict):
        raise bad_request(Fault(field="body", text='The body must be an object, such as {"schedule": 7}.'))
    members = {json.loads(member.key): member for member in jsontext.members(text)}
    if faults := _faults(text, body, members):
        raise bad_request(*faults[:TOLD])
    given = {name: text[members[name].begin : members[name].end] for name in ("args", "kwargs") if name in members}
    return Asked(
        schedule=body["schedule"],
        args=given.get("args"),
        kwargs=given.get("kwargs"),
        fingerprint=body.get("fingerprint"),
        places={name: jsontext.place(text, member.begin) for name, member in members.items()},
        digest=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
    )


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise bad_request(Fault(field="body", text="The body must be UTF-8.")) from None
    if len(text) > TEXT_LIMIT:
        raise ApiError(413, "too_large", f"The body must have at most {TEXT_LIMIT:,} characters.")
    return jsontext.plain_spaces(text)


def _mistakes(text: str, exc: NotJson) -> Iterator[Fault]:
    """Which member each is in can be told even where the body isn't JSON."""
    known = [(name, m) for m in jsontext.members(text) if (name := m.key.strip('"')) in TYPES]
    for mistake in exc.mistakes[:TOLD]:
        field = next((name for name, member in known if member.begin <= mistake.at < member.end), "body")
        yield _at(text, mistake.at, field, f"{mistake.text[:1].upper()}{mistake.text[1:]}.")


def _faults(text: str, body: dict[str, Any], members: Mapping[str, Member]) -> list[Fault]:
    """What is wrong with the members of a body that is JSON."""
    found = []
    for name, member in islice(members.items(), len(TYPES) + TOLD):
        if name not in TYPES:
            shown = clip(one_line(name), 60)
            wrong = f"There is no member {shown!r}; there are {', '.join(TYPES)}."
            found.append(_at(text, member.begin, shown, wrong))
        elif not isinstance(body[name], TYPES[name][0]) or isinstance(body[name], bool):
            found.append(_at(text, member.begin, name, f"{name} must be {TYPES[name][1]}."))
    if "schedule" not in members:
        found.append(Fault(field="schedule", text=f"schedule is missing: {TYPES['schedule'][1]}."))
    return found


def _at(text: str, at: int, field: str, wrong: str) -> Fault:
    line, column = jsontext.place(text, at)
    return Fault(field=field, text=wrong, line=line, column=column)
