"""The facts about a person that `users.info` gives."""

from typing import Any

import pytest

from bot.core.model import Profile, TeamId
from bot.slack.identity import profile_of
from tests.slack.forms import recorded

# The recording is older than `is_email_confirmed`, which Slack tells bots now.
RECORDED: dict[str, Any] = recorded("web_api.users.info.ok.json")["user"] | {"is_email_confirmed": True}
EGON = Profile(home=TeamId("T012AB3C4"), email="spengler@ghostbusters.example.com")


def test_a_person_recorded_from_slack_is_read() -> None:
    assert profile_of(RECORDED) == EGON


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ({"is_restricted": True}, "is_guest"),
        ({"is_ultra_restricted": True}, "is_guest"),
        ({"is_bot": True}, "is_bot"),
        ({"is_app_user": True}, "is_bot"),
        ({"deleted": True}, "is_deleted"),
        ({"is_stranger": True}, "is_stranger"),
    ],
)
def test_each_fact_from_slack_sets_only_its_own_flag(said: dict[str, Any], fact: str) -> None:
    found = profile_of({**RECORDED, **said})
    assert getattr(found, fact) is True
    others = {"is_guest", "is_bot", "is_deleted", "is_stranger"} - {fact}
    assert not any(getattr(found, name) for name in others)


@pytest.mark.parametrize(
    "said",
    [{"is_email_confirmed": False}, {"is_email_confirmed": None}, {"profile": {}}, {"profile": {"email": None}}],
    ids=["not confirmed", "not known", "no e-mail", "null"],
)
def test_only_a_confirmed_e_mail_counts(said: dict[str, Any]) -> None:
    assert profile_of({**RECORDED, **said}).email == ""


def test_a_person_without_a_team_has_no_home_team() -> None:
    assert profile_of({"id": "U1"}) == Profile(home=TeamId(""))
