"""Slack's events about mentions become values."""

import pytest

from bot.slack import events
from tests.slack.forms import Payload
from tests.slack.test_payloads import a_mention, account


def test_a_mention_recorded_from_slack_is_read() -> None:
    found = events.mention(a_mention())
    assert found is not None
    assert (found.account, found.installation) == (account("T111", "U111"), "T111/A111")
    assert (found.place.channel, found.place.parent, found.message) == ("C111", None, "1605853844.000800")
    assert found.text == "<@U222> hey"


@pytest.mark.parametrize(
    ("changes", "team"),
    [({"user_team": "T222"}, "T222"), ({"team": ""}, "T111"), ({"team": "E111"}, "T111"), ({"team": "T333"}, "T333")],
    ids=["shared channel", "no team", "the organisation's", "another team"],
)
def test_the_author_of_a_mention_has_their_own_team(changes: Payload, team: str) -> None:
    body = a_mention(**changes)
    body["authorizations"][0]["enterprise_id"] = "E111"
    found = events.mention(body)
    assert found is not None
    assert found.account.team == team


@pytest.mark.parametrize(("own", "team"), [("T222", "T222"), (None, "T111")], ids=["their team", "no team"])
def test_in_a_channel_of_another_company_our_installation_is_the_one_that_may_read_the_event(
    own: str | None, team: str
) -> None:
    """The payload's own `team_id` is that company's (gh:slackapi/java-slack-sdk#629). It doesn't say who the author is."""
    found = events.mention({**a_mention(team=own), "team_id": "T999", "enterprise_id": "E999"})
    assert found is not None
    assert (found.installation, found.account.team) == ("T111/A111", team)


@pytest.mark.parametrize(
    ("thread", "parent"),
    [("1605853800.000100", "1605853800.000100"), ("1605853844.000800", None)],
    ids=["a reply", "the first message of a thread"],
)
def test_only_a_mention_in_a_reply_has_the_threads_first_message_as_parent(thread: str, parent: str | None) -> None:
    found = events.mention(a_mention(thread_ts=thread))
    assert found is not None
    assert found.place.parent == parent
