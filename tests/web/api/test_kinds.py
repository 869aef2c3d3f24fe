"""A refusal has the same name in the metrics (`runtask_refusals{kind}`) and in the API's answer."""

import re
from pathlib import Path

import pytest
from django.test import RequestFactory

from bot.core.kinds import Kind, kind
from bot.core.model import Field
from bot.core.policy import Denied
from bot.core.reasons import Code, Problem
from bot.runs import refusals
from bot.web.api import views
from bot.web.api.asked import Asked
from bot.web.api.errors import denied

POLICY = {Code[name] for name in re.findall(r"Code\.([A-Z_]+)", Path("bot/core/policy.py").read_text())}
PARAMS = dict.fromkeys(("rule", "groups", "permission", "entries", "channels", "until", "run", "reason", "user"), "x")
ASKED = Asked(schedule=7, args=None, kwargs=None, fingerprint="f", places={}, digest="")


@pytest.mark.parametrize("code", sorted({*POLICY, Code.NO_KILL, Code.BUSY, Code.NOT_BY_API}))
def test_a_denial_has_the_same_name(code: Code) -> None:
    assert denied(Denied(code=code, params=PARAMS)).code == kind(code)


@pytest.mark.parametrize("exc", [refusals.Gone(), refusals.Changed(), refusals.Taken(None)], ids=repr)
def test_a_run_that_can_not_be_started_has_the_same_name(exc: refusals.Refused) -> None:
    assert views._refusal(exc, ASKED, RequestFactory().get("/")).code == kind(exc.problems[0].code)


def test_wrong_values_have_another_name_in_the_api() -> None:
    """The API also has `bad_request`, for a request that it can't read. That isn't recorded."""
    wrong = refusals.Refused([Problem(code=Code.REASON_MISSING, params=PARAMS, field=Field.REASON)])
    assert views._refusal(wrong, ASKED, RequestFactory().get("/")).code == "refused"
    assert kind(Code.REASON_MISSING) == "bad_request"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (Code.NO_SUCH_RUN, "not_found"),
        (Code.VALUES_DELETED, "values_deleted"),
        (Code.ENDED, "ended"),
        (Code.NO_REMOTE_CONTROL, "cant_stop"),
        (Code.REMOTE_CONTROL_OFF, "cant_stop"),
        (Code.JUST_APPROVED, "cant_stop"),
    ],
)
def test_other_refusals_have_the_names_of_the_api(code: Code, name: str) -> None:
    """test_again.py and test_stop.py check that the API answers with these names."""
    assert kind(code) == name


def test_each_kind_of_refusal_is_a_code_of_the_api() -> None:
    codes = set(re.findall(r"`(\w+)`", Path("docs/api.md").read_text()))
    assert set(Kind) - codes == {Kind.MANY}
