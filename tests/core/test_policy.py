"""Who may act, and what everybody else is told."""

import pytest

from bot.core.model import Actor, SlackAccount, SlackUserId, TeamId
from bot.core.policy import Denied, check, explain
from tests.factories import ADA, a_profile, an_actor

ELSEWHERE = TeamId("T9999")
FROM_ELSEWHERE = SlackAccount(team=ELSEWHERE, user=ADA)


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        pytest.param(an_actor(), None, id="linked staff"),
        pytest.param(Actor(user="1", is_active=True, is_staff=True), None, id="staff on the site, without Slack"),
        pytest.param(an_actor(is_staff=False), Denied.NOT_STAFF, id="linked, not staff"),
        pytest.param(an_actor(is_active=False), Denied.INACTIVE, id="linked staff, deactivated on the site"),
        pytest.param(an_actor(user=None), Denied.NO_LINK, id="no link"),
        pytest.param(an_actor(user=None, profile=None), Denied.NO_LINK, id="no link, Slack not asked"),
        pytest.param(Actor(), Denied.NO_LINK, id="nobody"),
        pytest.param(an_actor(unknown_because="timeout"), Denied.UNKNOWN, id="Slack can't be asked"),
        pytest.param(an_actor(team=None), Denied.UNKNOWN, id="our own workspace isn't known"),
        pytest.param(an_actor(profile=a_profile(is_guest=True)), Denied.GUEST, id="guest, though staff"),
        pytest.param(an_actor(profile=a_profile(is_bot=True)), Denied.BOT, id="bot, though staff"),
        pytest.param(an_actor(profile=a_profile(is_deleted=True)), Denied.DELETED, id="deleted, though staff"),
        pytest.param(an_actor(profile=a_profile(is_stranger=True)), Denied.OTHER_TEAM, id="stranger, though staff"),
        pytest.param(an_actor(profile=a_profile(home=ELSEWHERE)), Denied.OTHER_TEAM, id="at home elsewhere"),
        pytest.param(an_actor(slack=FROM_ELSEWHERE), Denied.OTHER_TEAM, id="acting from elsewhere"),
        pytest.param(
            an_actor(slack=FROM_ELSEWHERE, profile=a_profile(home=ELSEWHERE)), Denied.OTHER_TEAM, id="outsider"
        ),
        pytest.param(an_actor(team=ELSEWHERE), Denied.OTHER_TEAM, id="we are installed elsewhere"),
        pytest.param(an_actor(profile=a_profile(home=TeamId(""))), Denied.OTHER_TEAM, id="Slack names no home"),
        pytest.param(an_actor(user=None, profile=a_profile(is_guest=True)), Denied.GUEST, id="guest without a link"),
        pytest.param(
            an_actor(profile=a_profile(is_deleted=True, is_guest=True, is_bot=True)), Denied.DELETED, id="all at once"
        ),
        pytest.param(an_actor(is_active=False, is_staff=False), Denied.INACTIVE, id="neither active nor staff"),
    ],
)
def test_check(actor: Actor, expected: Denied | None) -> None:
    assert check(actor) is expected


@pytest.mark.parametrize("denied", list(Denied))
def test_every_reason_is_a_sentence_without_a_gap(denied: Denied) -> None:
    said = explain(denied, an_actor(slack=SlackAccount(team=ELSEWHERE, user=SlackUserId("U77"))))
    assert "{" not in said
    assert said.endswith(".")


def test_the_missing_link_names_the_account_to_link() -> None:
    assert f"runtask staff add {ADA} " in explain(Denied.NO_LINK, an_actor(user=None))
