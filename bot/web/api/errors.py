"""Everything that isn't done, as JSON: a code for programs, a sentence for people, and what is wrong where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import JsonResponse


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one member of the request; a place counts from 1 and is in the body."""

    field: str  # a member of the body, `body`, or a header's or parameter's name
    text: str
    line: int | None = None
    column: int | None = None


@dataclass
class ApiError(Exception):
    """An answer other than what was asked for."""

    status: int
    code: str
    message: str
    problems: Sequence[Fault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)  # further members of the answer

    def answer(self) -> JsonResponse:
        problems = [vars(problem) for problem in self.problems]
        body = {"error": self.code, "message": self.message, "problems": problems, **self.more}
        return JsonResponse(body, status=self.status, headers=dict(self.headers))


def not_found(what: str, fault: Fault | None = None) -> ApiError:
    return ApiError(404, "not_found", f"There is no {what}.", [fault] if fault else [])


def bad_request(*faults: Fault) -> ApiError:
    return ApiError(400, "bad_request", faults[0].text, faults)
