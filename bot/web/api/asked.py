"""Parses the bodies of requests to run a schedule, to run a run again, and to stop one.

The whole body is parsed as strictly as the form's inputs, so that mistakes are reported with their place in the body. The texts
of `args` and `kwargs` are passed on as they were written.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeAlias
from uuid import uuid4

from django.http import HttpRequest

from bot.core import arguments, jsontext, strictjson
from bot.core.jsontext import Member
from bot.core.reasons import Invalid, Problem, TextPlace
from bot.core.strictjson import PROBLEMS, place
from bot.core.text import clip, one_line
from bot.models import Run
from bot.requests import BODY_LIMIT, TooLarge, raw_body
from bot.texts import sentence
from bot.web.api.errors import ApiError, ApiProblem, bad_request

JSON = "application/json"
NOT_JSON = f"The body must be JSON, with `Content-Type: {JSON}`."
KEY = "Idempotency-Key"
TEXT_LIMIT = 2 * arguments.LENGTH_LIMIT + 1_000  # characters: args, kwargs, and the rest of the body
Types: TypeAlias = Mapping[str, tuple[tuple[type, ...], str]]
TYPES: Types = {
    "schedule": ((int, str), "a schedule's id (a whole number) or its exact name (a text)"),
    "args": ((list,), "a list"),
    "kwargs": ((dict,), "an object"),
    "fingerprint": ((str,), "a text, as `api/schedules/ID` shows it"),
    "reason": ((str,), "a text: why it is run"),
}
OVERRIDES: Types = {name: kind for name, kind in TYPES.items() if name != "schedule"}  # of a request to run a run again


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A well-formed request. `args` and `kwargs` are JSON texts, or None if the member is missing."""

    schedule: int | str
    args: str | None = field(repr=False)
    kwargs: str | None = field(repr=False)
    fingerprint: str | None
    places: Mapping[str, TextPlace]  # where each member's value is in the body
    digest: str  # of the body's values: white space and the order of members don't matter
    reason: str = field(default="", repr=False)
    left_out: str = "As stored"  # how texts call the value of a missing member

    def problem(self, field: str, code: str, text: str) -> ApiProblem:
        """A problem with a member, at its place in the body. A stored value has no place there."""
        return ApiProblem(field=field, code=code, text=text, place=self.places.get(field))


def key_of(request: HttpRequest, user: str) -> tuple[str, bool]:
    """The run's key, and whether the caller chose it. Raises ApiError.

    A chosen key is stored as a digest, because MariaDB takes A and a for equal.
    """
    given = request.headers.get(KEY)
    if given is None:
        return f"api:{uuid4()}", False
    if not re.fullmatch(r"[!-~]{1,64}", given):
        wrong = f"{KEY} must be 1 to 64 visible ASCII characters, without spaces."
        raise bad_request(ApiProblem(field=KEY, code="bad_key", text=wrong))
    return f"api:{user}:{hashlib.sha256(given.encode()).hexdigest()[:32]}", True


def asked_again(request: HttpRequest, run: Run) -> Asked:
    """The request to run a run again. Its body may be missing, and has no `schedule`. Raises ApiError."""
    has_body = request.headers.get("Content-Length") not in (None, "", "0") or "Transfer-Encoding" in request.headers
    what = _parsed(request, OVERRIDES) if has_body else parse(b"{}", OVERRIDES)
    digest = hashlib.sha256(f"again {run.pk} {what.digest}".encode()).hexdigest()
    return replace(what, schedule=run.schedule_id, digest=digest, left_out="As that run sent it")


def asked(request: HttpRequest) -> Asked:
    """The request to run a schedule. Raises ApiError: 400, 411, 413, 415."""
    return _parsed(request, TYPES)


def _parsed(request: HttpRequest, types: Types) -> Asked:
    if request.content_type != JSON:
        raise ApiError(415, "not_json", NOT_JSON)
    if not request.headers.get("Content-Length"):
        raise ApiError(411, "no_length", "Send the body with a Content-Length: Django can't read it in chunks.")
    return parse(_raw(request), types)


def is_kill_asked(request: HttpRequest) -> bool:
    """Whether a request to stop a run asks for `kill`. Its body may be empty. Raises ApiError: 400, 413, 415."""
    if (raw := _raw(request)) == b"":
        return False
    if request.content_type != JSON:
        raise ApiError(415, "not_json", NOT_JSON)
    body = _object(_text(raw), '{"kill": true}')
    if unknown := sorted(set(body) - {"kill"}):
        wrong = f"There is no member {clip(one_line(unknown[0]), 60)!r}; there is kill."
        raise bad_request(_of_body("unknown_member", wrong))
    if not isinstance(kill := body.get("kill", False), bool):
        raise bad_request(ApiProblem(field="kill", code="wrong_type", text="kill must be true or false."))
    return kill


def parse(raw: bytes, types: Types) -> Asked:
    """Reads a body whose members are limited to `types`. Raises ApiError."""
    text = _text(raw)
    body = _object(text, '{"schedule": 7}' if "schedule" in types else '{"kwargs": {"days": 7}}')
    members = {json.loads(member.key): member for member in jsontext.members(text)}
    if problems := _problems(text, body, members, types):
        raise bad_request(*problems[:PROBLEMS])
    given = {name: text[members[name].begin : members[name].end] for name in ("args", "kwargs") if name in members}
    return Asked(
        schedule=body.get("schedule", 0),
        args=given.get("args"),
        kwargs=given.get("kwargs"),
        fingerprint=body.get("fingerprint"),
        reason=body.get("reason", ""),
        places={name: place(text, member.begin) for name, member in members.items()},
        digest=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest(),
    )


def _raw(request: HttpRequest) -> bytes:
    try:
        return raw_body(request)
    except TooLarge:
        raise ApiError(413, "too_large", f"The body must have at most {BODY_LIMIT:,} bytes.") from None


def _object(text: str, example: str) -> dict[str, Any]:
    try:
        body = strictjson.read(text, "body")
    except Invalid as exc:
        raise bad_request(*_not_json(text, exc)) from None
    if not isinstance(body, dict):
        raise bad_request(_of_body("not_an_object", f"The body must be an object, such as {example}."))
    return body


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise bad_request(_of_body("not_utf8", "The body must be UTF-8.")) from None
    if len(text) > TEXT_LIMIT:
        raise ApiError(413, "too_large", f"The body must have at most {TEXT_LIMIT:,} characters.")
    return jsontext.plain_spaces(text)


def _of_body(code: str, text: str) -> ApiProblem:
    return ApiProblem(field="body", code=code, text=text)


def _not_json(text: str, exc: Invalid) -> Iterator[ApiProblem]:
    """Yields each mistake with its member. Members are found even though the body isn't JSON."""
    named = [(member.key.strip('"'), member) for member in jsontext.members(text)]
    known = [(name, member) for name, member in named if name in TYPES]

    def field(problem: Problem) -> str:
        at = problem.place.at if problem.place else 0
        return next((name for name, member in known if member.begin <= at < member.end), problem.field)

    for problem in exc.problems:
        yield ApiProblem(field=field(problem), code=problem.code, text=sentence(problem), place=problem.place)


def _problems(text: str, body: dict[str, Any], members: Mapping[str, Member], types: Types) -> list[ApiProblem]:
    found = []
    # Of so many members, at least PROBLEMS are unknown, and no more problems are reported.
    for name, member in islice(members.items(), len(types) + PROBLEMS):
        at = place(text, member.begin)
        if name not in types:
            shown = clip(one_line(name), 60)
            wrong = f"There is no member {shown!r}; there are {', '.join(types)}."
            found.append(ApiProblem(field=shown, code="unknown_member", text=wrong, place=at))
        elif not isinstance(body[name], types[name][0]) or isinstance(body[name], bool):
            wrong = f"{name} must be {types[name][1]}."
            found.append(ApiProblem(field=name, code="wrong_type", text=wrong, place=at))
    if "schedule" in types and "schedule" not in members:
        wrong = f"schedule is missing: {TYPES['schedule'][1]}."
        found.append(ApiProblem(field="schedule", code="missing_member", text=wrong))
    return found
