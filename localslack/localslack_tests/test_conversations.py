"""conversations.* and users.*: the facts that an app may read."""

from collections.abc import Callable

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.test_payloads import recorded

Refused = Callable[[Callable[[], object]], SlackResponse]


@pytest.mark.parametrize(
    ("channel", "facts"),
    [
        ("C0OPS", {"is_member": True, "is_private": False, "is_ext_shared": False}),
        ("C0QUIET", {"is_member": False, "is_private": False, "is_ext_shared": False}),
        ("C0SHARED", {"is_member": True, "is_private": False, "is_ext_shared": True}),
        ("D0ANA", {"is_im": True, "user": "U0ANA"}),
    ],
)
def test_an_app_reads_these_facts_about_a_conversation(client: WebClient, channel: str, facts: Json) -> None:
    shown = client.conversations_info(channel=channel)["channel"]
    assert facts.items() <= shown.items()
    if channel.startswith("C"):
        assert set(shown) <= set(recorded("web_api.conversations.info.java_shape.json")["channel"]) | {"is_read_only"}


@pytest.mark.parametrize("channel", ["G0SECRET", "D0ANABEN", "C0NOWHERE"])
def test_a_private_conversation_without_the_bot_is_not_found(client: WebClient, refused: Refused, channel: str) -> None:
    assert refused(lambda: client.conversations_info(channel=channel))["error"] == "channel_not_found"


def test_a_channel_is_shared_once_the_other_company_has_accepted(slack: LocalSlack, client: WebClient) -> None:
    def shared() -> tuple[bool, bool, bool]:
        shown = client.conversations_info(channel="C0OPS")["channel"]
        return shown["is_pending_ext_shared"], shown["is_ext_shared"], shown["is_org_shared"]

    assert shared() == (False, False, False)
    slack.control("channels", id="C0OPS", is_pending_shared=True)
    assert shared() == (True, False, False)
    slack.control("channels", id="C0OPS", is_pending_shared=False, is_shared=True)
    assert shared() == (False, True, False)


@pytest.mark.parametrize(
    ("channel", "needed"), [("C0OPS", "channels:read"), ("G0SECRET", "groups:read"), ("D0ANA", "im:read")]
)
def test_each_kind_of_conversation_has_a_scope_of_its_own(
    slack: LocalSlack, client: WebClient, refused: Refused, channel: str, needed: str
) -> None:
    slack.config(scopes=sorted({"channels:read", "groups:read", "im:read"} - {needed}))
    assert refused(lambda: client.conversations_info(channel=channel))["needed"] == needed


def test_a_direct_message_is_opened_once(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    slack.control("people", id="U0DORA", name="dora")
    first = client.conversations_open(users="U0DORA")
    again = client.conversations_open(users="U0DORA")
    assert first["channel"]["id"] == again["channel"]["id"]
    assert (first.get("already_open"), again.get("already_open")) == (None, True)
    assert slack.person("U0DORA").dm() == first["channel"]["id"]
    assert refused(lambda: client.conversations_open(users="U0NOBODY"))["error"] == "user_not_found"
    slack.control("people", id="U0DORA", deleted=True)
    assert refused(lambda: client.conversations_open(users="U0DORA"))["error"] == "user_disabled"


def test_an_app_joins_public_channels_only(client: WebClient, refused: Refused) -> None:
    assert client.conversations_join(channel="C0QUIET")["channel"]["is_member"]
    assert client.conversations_join(channel="C0QUIET")["warning"] == "already_in_channel"
    assert refused(lambda: client.conversations_join(channel="G0SECRET"))["error"] == "channel_not_found"


def test_history_is_newest_first_without_replies_and_ephemeral_messages(client: WebClient, ana: Person) -> None:
    root = client.chat_postMessage(channel="C0OPS", text="root")["ts"]
    client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root)
    client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="psst")
    ana.types("C0OPS", "mine")
    assert [one["text"] for one in client.conversations_history(channel="C0OPS")["messages"]] == ["mine", "root"]


def test_replies_begin_with_their_parent(client: WebClient, refused: Refused) -> None:
    root = str(client.chat_postMessage(channel="C0OPS", text="root")["ts"])
    client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root)
    assert [one["text"] for one in client.conversations_replies(channel="C0OPS", ts=root)["messages"]] == [
        "root",
        "reply",
    ]
    assert refused(lambda: client.conversations_replies(channel="C0OPS", ts="1.1"))["error"] == "thread_not_found"


def test_metadata_is_shown_on_request(client: WebClient) -> None:
    metadata = {"event_type": "run", "event_payload": {"id": "7"}}
    client.chat_postMessage(channel="C0OPS", text="x", metadata=metadata)
    plain = client.conversations_history(channel="C0OPS")["messages"][0]
    full = client.conversations_history(channel="C0OPS", include_all_metadata=True)["messages"][0]
    assert ("metadata" in plain, full["metadata"]) == (False, metadata)


def test_history_is_cut_by_time_and_page(client: WebClient) -> None:
    stamps = [str(client.chat_postMessage(channel="C0OPS", text=str(n))["ts"]) for n in range(4)]

    def texts(**limits: object) -> str:
        answer = client.conversations_history(channel="C0OPS", **limits)  # type: ignore[arg-type]
        return "".join(one["text"] for one in answer["messages"])

    assert texts(oldest=stamps[1]) == "32"
    assert texts(oldest=stamps[1], inclusive=True) == "321"
    assert texts(latest=stamps[1]) == "0"
    assert texts(oldest="0") == "3210"
    first = client.conversations_history(channel="C0OPS", limit=3)
    assert first["has_more"]
    assert texts(limit=3, cursor=first["response_metadata"]["next_cursor"]) == "0"


@pytest.mark.parametrize(
    ("wrong", "error"), [({"limit": "many"}, "invalid_limit"), ({"cursor": "x"}, "invalid_cursor")]
)
def test_a_malformed_limit_or_cursor_is_refused(
    client: WebClient, refused: Refused, wrong: dict[str, str], error: str
) -> None:
    body = {"channel": "C0OPS", **wrong}
    assert refused(lambda: client.api_call("conversations.history", params=body))["error"] == error


@pytest.mark.parametrize(("channel", "error"), [("C0QUIET", "not_in_channel"), ("G0SECRET", "channel_not_found")])
def test_history_needs_membership(client: WebClient, refused: Refused, channel: str, error: str) -> None:
    assert refused(lambda: client.conversations_history(channel=channel))["error"] == error


@pytest.mark.parametrize(
    ("user", "facts"),
    [
        ("U0ANA", {"is_admin": True, "is_bot": False, "team_id": "T0LOCAL", "deleted": False}),
        ("U0GIL", {"is_restricted": True, "is_ultra_restricted": True}),
        ("U0OLGA", {"is_stranger": True, "team_id": "T0ELSE"}),
        ("U0BOT", {"is_bot": True}),
    ],
)
def test_people_have_their_flags(client: WebClient, user: str, facts: Json) -> None:
    shown = client.users_info(user=user)["user"]
    assert facts.items() <= shown.items()
    sample = recorded("web_api.users.info.java_shape.json")["user"]
    assert set(shown) <= set(sample)
    assert set(shown["profile"]) <= set(sample["profile"])


def test_an_email_address_needs_its_own_scope(slack: LocalSlack, client: WebClient) -> None:
    assert client.users_info(user="U0ANA")["user"]["profile"]["email"] == "ana@example.com"
    slack.config(scopes=["users:read"])
    assert "email" not in client.users_info(user="U0ANA")["user"]["profile"]


def test_people_can_be_changed_and_added(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    slack.control("people", id="U0BEN", deleted=True)
    slack.control("people", id="U0NEW", name="new", real_name="New One", email="new@example.com", is_restricted=True)
    assert client.users_info(user="U0BEN")["user"]["deleted"]
    assert client.users_info(user="U0NEW")["user"]["is_restricted"]
    assert refused(lambda: client.users_info(user="U0NOBODY"))["error"] == "user_not_found"
    assert slack.control("people", id="U0NEW", hat="red")["error"] == "unknown field: hat"


def test_a_person_is_found_by_address_unless_deleted(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    assert client.users_lookupByEmail(email="BEN@example.com")["user"]["id"] == "U0BEN"
    slack.control("people", id="U0BEN", deleted=True)
    assert refused(lambda: client.users_lookupByEmail(email="ben@example.com"))["error"] == "users_not_found"


def test_channels_can_be_changed_and_added(slack: LocalSlack, client: WebClient) -> None:
    slack.control("channels", id="C0NEW", name="new", members=["U0ANA"], is_private=True, is_member_bot=True)
    assert client.conversations_info(channel="C0NEW")["channel"]["is_private"]
    slack.control("channels", id="C0NEW", is_member_bot=False)
    assert [one["name"] for one in slack.look("state", user="U0ANA")["channels"]].count("new") == 1
    assert slack.control("channels", id="C0NEW", members=["U0NOBODY"])["error"] == "user_not_found: U0NOBODY"
