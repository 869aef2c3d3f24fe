"""Reports of errors, such as Sentry's, contain the reprs of local variables. Those of our dataclasses show no secret."""

import importlib
import json
import pkgutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from types import FrameType
from typing import Any

import pytest
from django.db import OperationalError

import bot
from bot.core import mention
from bot.core.model import RunId, ScheduleId
from bot.core.secrets import is_secret
from bot.runs import again, attempts, drafts
from bot.runs.unsaved import Unsaved
from bot.slack.socket import SocketMode
from tests.factories import a_schedule
from tests.runs.approving import asked, says_yes, waiting
from tests.runs.conftest import Door
from tests.runs.ruled import person

ENTRIES = {
    "bot.__main__",
    "bot.celery",
    "bot.gunicorn_conf",
    "bot.wsgi",
    "bot.settings",
    "bot.site_settings",
    "bot.site_urls",
}
SECRET = "hunter2-hunter2"
# Names of fields that hold what people type, what is sent, or an address at which everybody may post.
UNMASKED = {
    "args", "kwargs", "call", "headers", "values", "texts", "text", "typed", "inputs", "form", "email", "result", "traceback",
    "meta", "fingerprint", "reason", "why", "response_url",
}  # fmt: skip
# Fields with such a name whose values are masked, or are no secrets.
HARMLESS = {
    "bot.core.audit.By.why": "a code",
    "bot.core.audit.Who.token": "a token's number",
    "bot.core.model.Actor.token": "a token's number",
    "bot.core.model.Outcome.token": "says whether an outcome has changed",
    "bot.broker.outcomes.readers.Answer.token": "says whether an outcome has changed",
    "bot.core.again.Again.values": "as shown",
    "bot.core.again.Again.fingerprint": "sealed",
    "bot.core.model.Preview.fingerprint": "sealed",
    "bot.core.model.RunRequest.fingerprint": "sealed",
    "bot.slack.metadata.Metadata.fingerprint": "sealed",
    "bot.web.api.asked.Asked.fingerprint": "sealed",
    "bot.core.model.Shown.text": "as shown",
    "bot.core.model.Target.headers": "as shown",
    "bot.core.report.Answered.why": "from the row, masked",
    "bot.core.rights.Said.reason": "from the row, masked",
    "bot.runs.approvals.WaitingRun.reason": "from the row, masked",
    "bot.core.rulefile._Document.text": "a file of rules",
    "bot.core.rules.Rule.reason": "whether one is needed",
    "bot.core.rules.Terms.reason": "whether one is needed",
    "bot.broker.answers.Refusal.reason": "a code and its parameters",
    "bot.web.api.caller.Caller.token": "a row of the database, whose repr is its name",
    "bot.web.api.errors.ApiError.headers": "of an answer",
    "bot.web.api.errors.ApiProblem.text": "as shown",
    "bot.web.display.StateShown.result": "as shown",
    "bot.web.tokens.BadToken.token": "a row of the database, whose repr is its name",
    "bot.checks.table.Check.text": "ours",
    "bot.slack.blocks.Note.text": "ours",
    "bot.broker.outcomes.line.Line._why": "a code and its parameters",
    "bot.runs.basis.Basis.secrets": "hides what it knows",
    "bot.runs.cleanup.Keep.values": "a time",
    "bot.slack.payloads.Submission.inputs": "ids of blocks",
}


def ours() -> Iterator[type]:
    """All dataclasses of the package whose repr is the generated one."""
    for found in pkgutil.walk_packages(bot.__path__, "bot."):
        if found.name in ENTRIES or ".migrations" in found.name:
            continue
        module = importlib.import_module(found.name)
        for cls in vars(module).values():
            is_ours = isinstance(cls, type) and is_dataclass(cls) and cls.__module__ == found.name
            if is_ours and cls.__dataclass_params__.repr:
                yield cls


def test_no_repr_shows_a_field_that_may_hold_a_secret() -> None:
    shown = {
        f"{cls.__module__}.{cls.__qualname__}.{one.name}"
        for cls in ours()
        for one in fields(cls)
        if one.repr and one.name != "secret_keys" and (one.name.lstrip("_") in UNMASKED or is_secret(one.name))
    }
    assert shown - set(HARMLESS) == set()


@contextmanager
def reprs_of_locals() -> Iterator[list[str]]:
    """The reprs of our dataclasses among the local variables of each of our functions, at its end."""
    found = list[str]()

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_globals.get("__name__", "").startswith("bot."):
            sys.setprofile(None)
            try:
                found.extend(
                    repr(value)
                    for value in frame.f_locals.values()
                    if is_dataclass(value) and not isinstance(value, type) and type(value).__module__.startswith("bot.")
                )
            finally:
                sys.setprofile(look)

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(before)


@pytest.fixture
def door(door: Door) -> Door:
    door.catalog.schedules[ScheduleId(7)] = a_schedule(
        kwargs=json.dumps({"days": 7, "token": SECRET}), headers=json.dumps({"token": SECRET})
    )
    return door


def test_what_an_error_shows_while_a_run_is_asked_for_approved_and_repeated_has_no_secret(door: Door) -> None:
    typed: dict[str, Any] = {"kwargs": json.dumps({"days": 8, "token": SECRET}), "reason": f"as {SECRET}"}
    with reprs_of_locals() as seen:
        run = waiting(door, **typed)
        says_yes(door, run, person("cara", "leads"))
        again.preview(door.admitted(), RunId(run.pk))
    assert {"Attempt", "Basis", "Dispatch", "RunRequest", "Schedule"} <= {one.partition("(")[0] for one in seen}
    assert not [one for one in seen if SECRET in one]


def test_what_an_error_shows_while_the_database_is_away_has_no_secret(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise OperationalError("server has gone away")

    door.unsaved = Unsaved(_thread=threading.current_thread())  # so nothing is saved during this test
    monkeypatch.setattr(attempts, "created", lost)
    with suppress(OperationalError):
        asked(door, kwargs=json.dumps({"token": SECRET}))
    assert door.unsaved._saves
    assert SECRET not in repr(door.platform)


def test_what_an_error_shows_while_a_mention_is_read_has_no_secret(door: Door) -> None:
    with reprs_of_locals() as seen:
        read = mention.parse(f'nightly token="{SECRET}" {{"password": "{SECRET}"}} ["{SECRET}"]')
        drafts.without_secrets(door.platform, read, [])
    assert any(one.startswith("_Reading(") for one in seen)
    assert not [one for one in seen if SECRET in one]


def test_what_an_error_shows_of_a_connection_to_slack_has_no_token() -> None:
    unused: Any = None
    assert SECRET not in repr(SocketMode(app=unused, client=unused, app_token=SECRET, concurrency=1))
