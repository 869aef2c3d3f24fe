"""The policy: who may act, and why others are refused."""

import pytest

from bot.core.model import Actor, SlackAccount, TeamId
from bot.core.policy import Subject, may
from bot.core.reasons import Code
from bot.core.rights import EVERYTHING, Action, Rights
from bot.texts import sentence
from tests.factories import ADA, a_profile, an_actor

ELSEWHERE = TeamId("T9999")
FROM_ELSEWHERE = SlackAccount(team=ELSEWHERE, user=ADA)


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        pytest.param(an_actor(), None, id="linked staff"),
        pytest.param(
            Actor(user="1", is_active=True, is_staff=True, rights=Rights(permitted=EVERYTHING)),
            None,
            id="staff on the site, without Slack",
        ),
        pytest.param(an_actor(is_staff=False), Code.NOT_STAFF, id="linked, not staff"),
        pytest.param(an_actor(is_active=False), Code.INACTIVE, id="linked staff, deactivated on the site"),
        pytest.param(an_actor(user=None), Code.NO_LINK, id="no link"),
        pytest.param(an_actor(user=None, profile=None), Code.NO_LINK, id="no link, Slack not asked"),
        pytest.param(Actor(), Code.NO_LINK, id="nobody"),
        pytest.param(an_actor(unknown_because="timeout"), Code.SLACK_SILENT, id="Slack can't be asked"),
        pytest.param(an_actor(team=None), Code.SLACK_SILENT, id="our own workspace isn't known"),
        pytest.param(an_actor(profile=a_profile(is_guest=True)), Code.GUEST, id="guest, though staff"),
        pytest.param(an_actor(profile=a_profile(is_bot=True)), Code.BOT, id="bot, though staff"),
        pytest.param(an_actor(profile=a_profile(is_deleted=True)), Code.DELETED, id="deleted, though staff"),
        pytest.param(an_actor(profile=a_profile(is_stranger=True)), Code.OTHER_TEAM, id="stranger, though staff"),
        pytest.param(an_actor(profile=a_profile(home=ELSEWHERE)), Code.OTHER_TEAM, id="at home elsewhere"),
        pytest.param(an_actor(slack=FROM_ELSEWHERE), Code.OTHER_TEAM, id="acting from elsewhere"),
        pytest.param(an_actor(slack=FROM_ELSEWHERE, profile=a_profile(home=ELSEWHERE)), Code.OTHER_TEAM, id="outsider"),
        pytest.param(an_actor(team=ELSEWHERE), Code.OTHER_TEAM, id="we are installed elsewhere"),
        pytest.param(an_actor(profile=a_profile(home=TeamId(""))), Code.OTHER_TEAM, id="Slack names no home"),
        pytest.param(an_actor(user=None, profile=a_profile(is_guest=True)), Code.GUEST, id="guest without a link"),
        pytest.param(
            an_actor(profile=a_profile(is_deleted=True, is_guest=True, is_bot=True)), Code.DELETED, id="all at once"
        ),
        pytest.param(an_actor(is_active=False, is_staff=False), Code.INACTIVE, id="neither active nor staff"),
    ],
)
def test_staff_may_do_everything_and_others_nothing(actor: Actor, expected: Code | None) -> None:
    for action in Action:
        denied = may(actor, action, Subject())
        assert (None if denied is None else denied.code) == expected


def test_a_refusal_for_a_missing_link_names_the_account() -> None:
    denied = may(an_actor(user=None), Action.RUN, Subject())
    assert denied is not None
    assert f"runtask staff add {ADA} " in sentence(denied)
