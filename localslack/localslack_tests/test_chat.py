"""chat.*: posting, changing and deleting messages, and the places where an app may do so."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from localslack.testing import LocalSlack, Person
from localslack_tests.test_payloads import recorded
from localslack_tests.views import section

Refused = Callable[[Callable[[], object]], SlackResponse]


def test_a_post_answers_with_keys_that_slack_has(client: WebClient) -> None:
    answer = client.chat_postMessage(
        channel="C0OPS", text="hi", blocks=[section()], metadata={"event_type": "run", "event_payload": {"id": 1}}
    )
    sample = recorded("web_api.chat.postMessage.java_shape.json")
    assert isinstance(answer.data, dict)
    assert set(answer.data) <= set(sample)
    assert set(answer["message"]) <= set(sample["message"])
    assert set(answer["message"]["bot_profile"]) <= set(sample["message"]["bot_profile"])
    assert answer["message"]["metadata"] == {"event_type": "run", "event_payload": {"id": 1}}


def test_timestamps_are_unique_and_rise(client: WebClient) -> None:
    stamps = [str(client.chat_postMessage(channel="C0OPS", text=str(n))["ts"]) for n in range(20)]
    assert sorted(set(stamps)) == stamps


def test_text_comes_back_escaped_but_mentions_and_links_stay(client: WebClient) -> None:
    answer = client.chat_postMessage(
        channel="C0OPS", text="a < b & c > d, <@U0ANA> <https://x.example|y> &lt;!here&gt;"
    )
    assert answer["message"]["text"] == "a &lt; b &amp; c &gt; d, <@U0ANA> <https://x.example|y> &lt;!here&gt;"


def test_text_above_40000_characters_is_cut(client: WebClient) -> None:
    answer = client.chat_postMessage(channel="C0OPS", text="x" * 40_001)
    assert len(answer["message"]["text"]) == 40_000
    assert answer["response_metadata"] == {"warnings": ["message_truncated"]}


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        pytest.param("C0QUIET", None, id="public, not a member, with chat:write.public"),
        pytest.param("#ops", None, id="by name"),
        pytest.param("U0BEN", None, id="to a person"),
        pytest.param("G0SECRET", "channel_not_found", id="private, not a member"),
        pytest.param("D0ANABEN", "channel_not_found", id="a direct message of others"),
        pytest.param("C0NOWHERE", "channel_not_found", id="unknown"),
        pytest.param("", "channel_not_found", id="none"),
    ],
)
def test_an_app_may_post_in_these_places(client: WebClient, refused: Refused, channel: str, error: str | None) -> None:
    if error is None:
        assert client.chat_postMessage(channel=channel, text="x")["ok"]
    else:
        assert refused(lambda: client.chat_postMessage(channel=channel, text="x"))["error"] == error


def test_without_chat_write_public_membership_is_needed(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    slack.config(scopes=["chat:write"])
    assert refused(lambda: client.chat_postMessage(channel="C0QUIET", text="x"))["error"] == "not_in_channel"


@pytest.mark.parametrize(
    ("change", "error"),
    [({"is_archived": True}, "is_archived"), ({"is_read_only": True}, "restricted_action_read_only_channel")],
)
def test_the_error_says_why_a_channel_is_closed(
    slack: LocalSlack, client: WebClient, refused: Refused, change: dict[str, Any], error: str
) -> None:
    slack.control("channels", id="C0OPS", **change)
    assert refused(lambda: client.chat_postMessage(channel="C0OPS", text="x"))["error"] == error


def test_a_direct_message_answers_with_its_own_id(client: WebClient, slack: LocalSlack) -> None:
    answer = client.chat_postMessage(channel="U0BEN", text="psst")
    assert answer["channel"] == slack.person("U0BEN").dm()
    assert client.chat_update(channel=answer["channel"], ts=answer["ts"], text="pssst")["ok"]


def test_blocks_that_are_too_long_together_are_refused(client: WebClient, refused: Refused) -> None:
    blocks = [section("x" * 3000)] * 5
    assert refused(lambda: client.chat_postMessage(channel="C0OPS", text="x", blocks=blocks))["error"] == (
        "msg_blocks_too_long"
    )


def test_replies_go_to_parents_only(client: WebClient, refused: Refused) -> None:
    root = client.chat_postMessage(channel="C0OPS", text="root")["ts"]
    reply = str(client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root)["ts"])
    answer = refused(lambda: client.chat_postMessage(channel="C0OPS", text="x", thread_ts=reply))
    assert answer["error"] == "thread_not_found"


def test_a_reply_to_a_message_that_is_gone_stands_outside_threads(
    slack: LocalSlack, client: WebClient, ana: Person, refused: Refused
) -> None:
    root = str(client.chat_postMessage(channel="C0OPS", text="root")["ts"])
    client.chat_delete(channel="C0OPS", ts=root)
    answer = client.chat_postMessage(channel="C0OPS", text="stray", thread_ts=root)
    assert "thread_ts" not in answer["message"]
    assert [one["text"] for one in ana.messages("C0OPS")] == ["stray"]
    slack.fault("error", method="chat.postMessage", error="thread_not_found")
    again = refused(lambda: client.chat_postMessage(channel="C0OPS", text="x", thread_ts=root))
    assert again["error"] == "thread_not_found"


def test_a_parent_counts_its_replies(client: WebClient, ana: Person) -> None:
    root = str(client.chat_postMessage(channel="C0OPS", text="root")["ts"])
    first = client.chat_postMessage(channel="C0OPS", text="1", thread_ts=root)
    ana.types("C0OPS", "2", root)
    parent = ana.messages("C0OPS")[0]
    assert (parent["reply_count"], parent["reply_users"]) == (2, ["U0BOT", "U0ANA"])
    client.chat_delete(channel="C0OPS", ts=str(first["ts"]))
    (parent,) = ana.messages("C0OPS")
    (last,) = ana.thread("C0OPS", root)
    assert (parent["reply_count"], parent["latest_reply"]) == (1, last["ts"])


def test_a_parent_without_replies_names_none(client: WebClient, ana: Person) -> None:
    root = str(client.chat_postMessage(channel="C0OPS", text="root")["ts"])
    only = client.chat_postMessage(channel="C0OPS", text="1", thread_ts=root)
    client.chat_delete(channel="C0OPS", ts=str(only["ts"]))
    (parent,) = ana.messages("C0OPS")
    assert parent["reply_count"] == 0
    assert "latest_reply" not in parent


def test_a_deleted_parent_leaves_a_tombstone(client: WebClient, ana: Person) -> None:
    root = str(client.chat_postMessage(channel="C0OPS", text="root")["ts"])
    client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root)
    client.chat_delete(channel="C0OPS", ts=root)
    (stone,) = ana.messages("C0OPS")
    assert (stone["ts"], stone["subtype"], stone["reply_count"]) == (root, "tombstone", 1)
    assert [one["text"] for one in ana.thread("C0OPS", root)] == ["reply"]


def test_a_broadcast_reply_shows_in_the_channel_too(client: WebClient, ana: Person) -> None:
    root = str(client.chat_postMessage(channel="C0OPS", text="root")["ts"])
    client.chat_postMessage(channel="C0OPS", text="hidden", thread_ts=root)
    client.chat_postMessage(channel="C0OPS", text="shown", thread_ts=root, reply_broadcast=True)
    assert [one["text"] for one in ana.messages("C0OPS")] == ["root", "shown"]
    assert [one["text"] for one in ana.thread("C0OPS", root)] == ["hidden", "shown"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param({}, "no_text", id="nothing"),
        pytest.param({"text": "x", "attachments": [{}] * 101}, "too_many_attachments", id="101 attachments"),
        pytest.param({"markdown_text": "x", "text": "y"}, "markdown_text_conflict", id="markdown_text and text"),
        pytest.param({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_schema", id="half a metadata"),
        pytest.param({"text": "x", "blocks": "["}, "invalid_blocks_format", id="blocks that are not JSON"),
        pytest.param({"text": "x", "blocks": [section("x" * 3001)]}, "invalid_blocks", id="invalid blocks"),
    ],
)
def test_slack_refuses_a_post_with_its_own_code(
    client: WebClient, refused: Refused, arguments: dict[str, Any], error: str
) -> None:
    body = {"channel": "C0OPS", **arguments}
    assert refused(lambda: client.api_call("chat.postMessage", json=body))["error"] == error


def test_forms_carry_json_in_their_fields(client: WebClient) -> None:
    body = {"channel": "C0OPS", "text": "x", "blocks": '[{"type": "divider"}]'}
    assert client.api_call("chat.postMessage", data=body)["message"]["blocks"][0]["type"] == "divider"


def test_an_update_with_text_alone_removes_blocks(client: WebClient) -> None:
    posted = client.chat_postMessage(
        channel="C0OPS", text="x", blocks=[section()], metadata={"event_type": "e", "event_payload": {}}
    )
    answer = client.chat_update(channel="C0OPS", ts=posted["ts"], text="y")
    assert "blocks" not in answer["message"]
    assert answer["message"]["edited"]["user"] == "U0BOT"
    assert answer["message"]["metadata"] == {"event_type": "e", "event_payload": {}}


def test_an_update_with_blocks_alone_keeps_text(client: WebClient) -> None:
    posted = client.chat_postMessage(channel="C0OPS", text="x")
    body = {"channel": "C0OPS", "ts": posted["ts"], "blocks": [section("new")]}
    answer = client.api_call("chat.update", json=body)
    assert (answer["text"], answer["message"]["blocks"][0]["text"]["text"]) == ("x", "new")


def test_an_update_with_metadata_alone_keeps_the_rest(client: WebClient) -> None:
    posted = client.chat_postMessage(channel="C0OPS", text="x", blocks=[section()])
    metadata = {"event_type": "e", "event_payload": {"n": 1}}
    body = {"channel": "C0OPS", "ts": posted["ts"], "metadata": metadata}
    answer = client.api_call("chat.update", json=body)
    assert (answer["text"], len(answer["message"]["blocks"]), answer["message"]["metadata"]) == ("x", 1, metadata)


def test_an_update_takes_4000_characters(client: WebClient, refused: Refused) -> None:
    posted = client.chat_postMessage(channel="C0OPS", text="x")
    assert client.chat_update(channel="C0OPS", ts=posted["ts"], text="x" * 4000)["ok"]
    answer = refused(lambda: client.chat_update(channel="C0OPS", ts=posted["ts"], text="x" * 4001))
    assert answer["error"] == "msg_too_long"


def test_only_own_messages_can_be_changed(client: WebClient, refused: Refused, ana: Person) -> None:
    ts = ana.types("C0OPS", "mine")["ts"]
    update = refused(lambda: client.chat_update(channel="C0OPS", ts=ts, text="x"))
    delete = refused(lambda: client.chat_delete(channel="C0OPS", ts=ts))
    assert (update["error"], delete["error"]) == ("cant_update_message", "cant_delete_message")


def test_an_update_in_an_archived_channel_is_refused(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    posted = client.chat_postMessage(channel="C0OPS", text="x")
    slack.control("channels", id="C0OPS", is_archived=True)
    answer = refused(lambda: client.chat_update(channel="C0OPS", ts=posted["ts"], text="y"))
    assert answer["error"] == "is_inactive"


def test_an_ephemeral_message_is_for_one_person(
    slack: LocalSlack, client: WebClient, ana: Person, refused: Refused
) -> None:
    answer = client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="psst")
    assert "ts" not in answer.data
    seen = ana.ephemerals("C0OPS")
    assert [(one["text"], one["ts"], one["only_visible_to"]) for one in seen] == [
        ("psst", answer["message_ts"], "U0ANA")
    ]
    assert slack.person("U0BEN").ephemerals("C0OPS") == []
    changed = refused(lambda: client.chat_update(channel="C0OPS", ts=answer["message_ts"], text="x"))
    assert changed["error"] == "message_not_found"


@pytest.mark.parametrize(
    ("channel", "user", "error"),
    [
        ("C0OPS", "U0OLGA", "user_not_in_channel"),
        ("C0QUIET", "U0ANA", "not_in_channel"),
        ("G0SECRET", "U0ANA", "channel_not_found"),
    ],
)
def test_an_ephemeral_message_needs_bot_and_person_in_the_channel(
    client: WebClient, refused: Refused, channel: str, user: str, error: str
) -> None:
    assert refused(lambda: client.chat_postEphemeral(channel=channel, user=user, text="x"))["error"] == error


def test_a_permalink_leads_to_the_page(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    root = client.chat_postMessage(channel="C0OPS", text="x")
    reply = client.chat_postMessage(channel="C0OPS", text="x", thread_ts=root["ts"])
    link = client.chat_getPermalink(channel="C0OPS", message_ts=reply["ts"])["permalink"]
    digits = reply["ts"].replace(".", "")
    assert link == f"{slack.url}/archives/C0OPS/p{digits}?thread_ts={root['ts']}&cid=C0OPS"
    missing = refused(lambda: client.chat_getPermalink(channel="C0OPS", message_ts="1.1"))
    assert missing["error"] == "message_not_found"
