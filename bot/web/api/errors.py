"""Error answers as JSON: a code for programs, a sentence for people, and the problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import JsonResponse

from bot.core.kinds import BY_RULE
from bot.core.policy import Denied
from bot.core.reasons import Code, TextPlace
from bot.texts import sentence


@dataclass(frozen=True, kw_only=True)
class ApiProblem:
    """What is wrong with one part of the request."""

    field: str  # a member of the body, `body`, or the name of a header or parameter
    code: str
    text: str
    place: TextPlace | None = None  # where it is in the body

    def json(self) -> dict[str, Any]:
        line, column = (self.place.line, self.place.column) if self.place else (None, None)
        return {"field": self.field, "code": self.code, "text": self.text, "line": line, "column": column}


@dataclass
class ApiError(Exception):
    """An error answer with this HTTP status. `code` is for programs, `message` for people."""

    status: int
    code: str
    message: str
    problems: Sequence[ApiProblem] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)  # further members of the answer

    def answer(self) -> JsonResponse:
        # `error` is the older name of `code`.
        problems = [problem.json() for problem in self.problems]
        body = {"code": self.code, "error": self.code, "message": self.message, "problems": problems, **self.more}
        return JsonResponse(body, status=self.status, headers=dict(self.headers))


# The answers to errors that the API's handlers don't expect, by HTTP status.
UNEXPECTED = {
    error.status: error
    for error in (
        ApiError(
            400, "bad_request", "This request can't be read: its address or its headers aren't as they should be."
        ),
        ApiError(403, "not_allowed", "This site doesn't allow this request."),
        ApiError(404, "not_found", "There is no such address."),
        ApiError(
            500, "internal_error", "Something went wrong; the site's log says what. A run may have been sent or not."
        ),
    )
}


def denied(why: Denied) -> ApiError:
    text = sentence(why)
    more = {"reason": str(why.code)}
    if "rule" in why.params:
        more["rule"] = str(why.params["rule"])
    match why.code:
        case Code.PAUSED:
            return ApiError(409, "paused", text, more=more)
        case Code.CLOSED:
            return ApiError(409, "closed", text, more=more)
        case Code.BUSY:
            return ApiError(409, "busy", text, more={**more, "run": why.params["run"]})
        case _ if why.code in BY_RULE:
            return ApiError(403, "rule", text, more=more)
        case _:
            return ApiError(403, "not_allowed", text, more=more)


def not_found(what: str, *problems: ApiProblem) -> ApiError:
    return ApiError(404, "not_found", f"There is no {what}.", problems)


def bad_request(*problems: ApiProblem) -> ApiError:
    return ApiError(400, "bad_request", problems[0].text, problems)
