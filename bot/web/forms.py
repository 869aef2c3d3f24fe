"""Parses what the run page's form sends."""

import re
from collections.abc import Mapping
from uuid import uuid4

from django.core.exceptions import BadRequest
from django.http import HttpRequest

from bot.core.model import Actor, Field, RunId, RunRequest, ScheduleId
from bot.core.rights import Action
from bot.runs.denials import Wanted
from bot.web import texts

FORM, SCHEDULE, FINGERPRINT, AGAIN = "form", "schedule", "fingerprint", "again"  # hidden inputs
FORM_ID = re.compile(r"[0-9a-f]{32}")
NUMBER = re.compile(r"[0-9]{1,18}")  # no id has more digits
NO_RUN = RunId(0)  # the id of no run, in place of a text that isn't an id


def new_id() -> str:
    """Identifies an opened form, so that it starts only one run, however often it is sent."""
    return uuid4().hex


def run_request(data: Mapping[str, str], actor: Actor) -> RunRequest:
    """What `actor` asks for. Raises BadRequest for data that our form doesn't send."""
    form, schedule = data.get(FORM, ""), schedule_id(data.get(SCHEDULE, ""))
    again = data.get(AGAIN, "")
    if not FORM_ID.fullmatch(form) or schedule is None or (again and run_id(again) is None):
        raise BadRequest(texts.NOT_OUR_FORM)
    return RunRequest(
        key=f"web:{actor.user}:{form}",
        schedule=schedule,
        args=_typed(data, Field.ARGS),
        kwargs=_typed(data, Field.KWARGS),
        fingerprint=data.get(FINGERPRINT, ""),
        again=run_id(again) if again else None,
        reason=data.get(Field.REASON, ""),
    )


def to_run(request: HttpRequest) -> Wanted | None:
    """What somebody wants who sends the form, or who opens it with the values of a run. None: they only look."""
    if request.method == "POST":
        return Wanted(action=Action.RUN, schedule=schedule_id(request.POST.get(SCHEDULE, "")))
    if "run" in request.GET:
        return Wanted(action=Action.RUN, run=run_id(request.GET["run"]) or NO_RUN)
    return None


def schedule_id(text: str) -> ScheduleId | None:
    return ScheduleId(int(text)) if NUMBER.fullmatch(text) else None


def run_id(text: str) -> RunId | None:
    return RunId(int(text)) if NUMBER.fullmatch(text) else None


def kept(data: Mapping[str, str]) -> dict[str, str]:
    """The form's values, for another form that sends them again."""
    names = (FORM, SCHEDULE, FINGERPRINT, AGAIN, Field.ARGS, Field.KWARGS, Field.REASON)
    return {name: data[name] for name in names if name in data}


def _typed(data: Mapping[str, str], field: Field) -> str | None:
    """The text with LF only. Browsers send line breaks as CRLF, which would shift the places of mistakes."""
    text = data.get(field)
    return None if text is None else text.replace("\r\n", "\n")
