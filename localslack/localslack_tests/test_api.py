"""What all methods of the Web API share: tokens, scopes, bodies, rate limits, and faults on demand."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from localslack.testing import LocalSlack, Person
from localslack_tests.test_payloads import recorded

Refused = Callable[[Callable[[], object]], SlackResponse]


def raw(
    slack: LocalSlack, method: str, body: bytes, content_type: str = "application/json", token: str = "xoxb-local"
) -> Any:
    """Makes a request that no SDK would make."""
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(slack.api_url + method, body, headers), timeout=5) as answer:
        return json.load(answer)


@pytest.mark.parametrize(
    ("token", "error"),
    [("", "not_authed"), ("xoxb-wrong", "invalid_auth"), ("xapp-local", "not_allowed_token_type")],
)
def test_tokens_are_checked(slack: LocalSlack, refused: Refused, token: str, error: str) -> None:
    client = WebClient(token=token, base_url=slack.api_url)
    assert refused(client.auth_test)["error"] == error


def test_a_token_may_come_as_an_argument(slack: LocalSlack) -> None:
    body = b"token=xoxb-local&channel=C0OPS&text=hi"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(slack.api_url + "chat.postMessage", body, headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert json.load(answer)["ok"]
    assert "token" not in slack.calls("chat.postMessage")[0]


def test_the_bot_token_opens_no_socket(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    answer = refused(lambda: client.apps_connections_open(app_token=slack.bot_token))
    assert answer["error"] == "not_allowed_token_type"


def test_auth_test_says_who_the_bot_is(client: WebClient, slack: LocalSlack) -> None:
    answer = client.auth_test()
    assert isinstance(answer.data, dict)
    assert set(answer.data) <= set(recorded("web_api.auth.test.java_shape.json"))
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == ("U0BOT", "B0BOT", "T0LOCAL")
    assert answer["url"] == f"{slack.url}/"


def test_unknown_methods_are_named(client: WebClient, refused: Refused) -> None:
    answer = refused(lambda: client.api_call("chat.shout"))
    assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.shout")


@pytest.mark.parametrize(("body", "error"), [(b"{", "invalid_json"), (b"[]", "json_not_object")])
def test_bodies_must_be_json_objects(slack: LocalSlack, body: bytes, error: str) -> None:
    assert raw(slack, "chat.postMessage", body)["error"] == error


def test_an_extra_team_id_does_not_matter(client: WebClient) -> None:
    assert client.chat_postMessage(channel="C0OPS", text="hi", team_id="T0LOCAL")["ok"]


@pytest.mark.parametrize(
    ("method", "arguments", "needed"),
    [
        ("chat.postMessage", {"channel": "C0OPS", "text": "x"}, "chat:write"),
        ("users.info", {"user": "U0ANA"}, "users:read"),
        ("users.lookupByEmail", {"email": "ana@example.com"}, "users:read.email"),
        ("conversations.open", {"users": "U0ANA"}, "im:write"),
        ("conversations.info", {"channel": "C0OPS"}, "channels:read"),
        ("conversations.history", {"channel": "D0ANA"}, "im:history"),
        ("conversations.replies", {"channel": "G0SECRET", "ts": "1.1"}, "groups:history"),
    ],
)
def test_a_missing_scope_is_named(
    slack: LocalSlack, client: WebClient, refused: Refused, method: str, arguments: dict[str, str], needed: str
) -> None:
    slack.config(scopes=["commands", "channels:join"])
    answer = refused(lambda: client.api_call(method, params=arguments))
    assert (answer["error"], answer["needed"]) == ("missing_scope", needed)
    assert answer["provided"] == "commands,channels:join"


def test_views_need_no_scope(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    slack.config(scopes=[])
    assert refused(lambda: client.views_open(trigger_id="x", view={}))["error"] == "invalid_trigger_id"


def test_posting_is_limited_to_about_one_a_second_in_each_channel(
    slack: LocalSlack, client: WebClient, refused: Refused
) -> None:
    slack.config(rate_limits=True)
    burst = [client.chat_postMessage(channel="C0OPS", text=str(number)).status_code for number in range(5)]
    response = refused(lambda: client.chat_postMessage(channel="C0OPS", text="one too many"))
    assert (burst, response.status_code, response["error"]) == ([200] * 5, 429, "ratelimited")
    assert response.headers["Retry-After"] == "1"
    assert client.chat_postMessage(channel="C0GENERAL", text="another channel")["ok"]
    slack.advance(1)
    assert client.chat_postMessage(channel="C0OPS", text="a second later")["ok"]


def test_a_methods_tier_limits_its_calls(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    """The method's tier allows 50 calls a minute. While these calls last, a few more are allowed."""
    slack.config(rate_limits=True)
    for _ in range(50):
        client.conversations_info(channel="C0OPS")
    answer = refused(lambda: [client.conversations_info(channel="C0OPS") for _ in range(50)])
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] in ("1", "2")
    assert client.users_info(user="U0ANA")["ok"]


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        pytest.param({"kind": "ratelimited", "retry_after": 7}, 429, "ratelimited", id="ratelimited"),
        pytest.param({"kind": "fatal_error"}, 200, "fatal_error", id="fatal_error"),
        pytest.param({"kind": "error", "error": "is_archived"}, 200, "is_archived", id="another code"),
    ],
)
def test_a_fault_fails_one_call_only(
    slack: LocalSlack, client: WebClient, refused: Refused, fault: dict[str, Any], status: int, error: str
) -> None:
    slack.fault(method="chat.postMessage", **fault)
    assert client.auth_test()["ok"]
    answer = refused(lambda: client.chat_postMessage(channel="C0OPS", text="x"))
    assert (answer.status_code, answer["error"]) == (status, error)
    assert client.chat_postMessage(channel="C0OPS", text="x")["ok"]


def test_a_test_chooses_the_retry_after(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    slack.fault("ratelimited", retry_after=7)
    assert refused(client.auth_test).headers["Retry-After"] == "7"


def test_a_fault_can_answer_with_status_500(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    slack.fault("http500", method="auth.test")
    assert refused(client.auth_test).status_code == 500


@pytest.mark.parametrize(("kind", "posted"), [("drop", 0), ("lost_answer", 1)])
def test_a_connection_can_break_before_or_after_the_work(
    slack: LocalSlack, ana: Person, kind: str, posted: int
) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    slack.fault(kind, method="chat.postMessage")
    with pytest.raises((URLError, ConnectionError)):
        client.chat_postMessage(channel="C0OPS", text="x")
    assert len(ana.messages("C0OPS")) == posted


def test_the_sdks_own_retry_repeats_a_message_whose_answer_was_lost(
    slack: LocalSlack, client: WebClient, ana: Person
) -> None:
    slack.fault("lost_answer", method="chat.postMessage")
    client.chat_postMessage(channel="C0OPS", text="twice")
    assert [one["text"] for one in ana.messages("C0OPS")] == ["twice", "twice"]


def test_a_call_can_hang(slack: LocalSlack) -> None:
    slack.fault("timeout", method="auth.test")
    impatient = WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=1, retry_handlers=[])
    impatient.timeout = 0.2  # type: ignore[assignment]
    with pytest.raises(TimeoutError):
        impatient.auth_test()


def test_a_fault_can_be_for_one_channel_and_can_last(slack: LocalSlack, client: WebClient, refused: Refused) -> None:
    slack.fault("error", error="is_archived", channel="C0OPS", count=0)
    for _ in range(2):
        assert refused(lambda: client.chat_postMessage(channel="C0OPS", text="x"))["error"] == "is_archived"
    assert client.chat_postMessage(channel="C0GENERAL", text="x")["ok"]
    slack.clear_faults()
    assert client.chat_postMessage(channel="C0OPS", text="x")["ok"]


def test_unknown_faults_are_refused(slack: LocalSlack) -> None:
    assert slack.control("faults", kind="explode") == {"ok": False, "error": "unknown kind: explode"}
    assert not slack.control("faults", kind="error", wat=1)["ok"]


def test_the_log_has_requests_and_answers_without_tokens(slack: LocalSlack, client: WebClient) -> None:
    client.chat_postMessage(channel="C0OPS", text="hi")
    (entry,) = slack.log("api", "chat.postMessage")
    assert (entry["request"]["text"], entry["response"]["ok"], entry["status"]) == ("hi", True, 200)
    assert slack.log(since=entry["n"]) == []
    assert "xoxb" not in json.dumps(slack.log())
