"""What Slack's errors mean: whether a message may have been posted, what may work instead, and how long to wait."""

import json
import socket
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse, WebClient

from bot.core.ports import ChannelClosed, InstallationRefused, MessageRefused, NotDelivered, RateLimited
from bot.slack.client import retry_after
from bot.slack.errors import INSTALLATION, LIMITED, MESSAGE, MOMENT, PLACE, call
from tests.factories import slack_says


def answer(code: str = "", status: int = 200, headers: dict[str, str] | None = None, **more: Any) -> SlackApiError:
    response = SlackResponse(
        client=WebClient(), http_verb="POST", api_url="https://slack.com/api/chat.postMessage", req_args={},
        data={"ok": False, **({"error": code} if code else {}), **more}, headers=headers or {}, status_code=status,
    )  # fmt: skip
    return SlackApiError("no", response)  # type: ignore[no-untyped-call]


def meaning(error: Exception) -> NotDelivered:
    def method() -> None:
        raise error

    with pytest.raises(NotDelivered) as caught:
        call(method)
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind", "maybe_posted"),
    [
        pytest.param(answer("ratelimited", 429, {"Retry-After": "30"}), RateLimited, False, id="429"),
        pytest.param(answer(status=429), RateLimited, False, id="429 of a proxy"),
        pytest.param(answer("rate_limited", 200, {"Retry-After": "30"}), RateLimited, False, id="200 with a pause"),
        pytest.param(answer("rate_limited"), NotDelivered, False, id="200 without a pause"),
        pytest.param(answer("message_limit_exceeded"), NotDelivered, False, id="limit of the workspace"),
        pytest.param(answer(status=503, headers={"Retry-After": "30"}), NotDelivered, True, id="503 with a pause"),
        pytest.param(answer("channel_not_found"), ChannelClosed, False, id="private channel"),
        pytest.param(answer("not_in_channel"), ChannelClosed, False, id="not a member"),
        pytest.param(answer("is_archived"), ChannelClosed, False, id="archived"),
        pytest.param(answer("invalid_auth"), InstallationRefused, False, id="bad token"),
        pytest.param(answer("account_inactive"), InstallationRefused, False, id="app removed"),
        pytest.param(answer("accesslimited"), InstallationRefused, False, id="not from this address"),
        pytest.param(answer("<html>Blocked", 403), NotDelivered, True, id="a proxy's 403"),
        pytest.param(answer("<html>Please sign in"), NotDelivered, True, id="a proxy's page"),
        pytest.param(answer("internal_error"), NotDelivered, True, id="Slack's own error"),
        pytest.param(answer("fatal_error"), NotDelivered, True, id="fatal: may have been posted"),
        pytest.param(answer(status=503), NotDelivered, True, id="503"),
        pytest.param(answer("invalid_blocks"), MessageRefused, False, id="our blocks"),
        pytest.param(answer("something_new"), NotDelivered, True, id="a code nobody knows"),
        pytest.param(answer("missing_scope"), InstallationRefused, False, id="a scope that posting needs"),
        pytest.param(answer("no_permission"), ChannelClosed, False, id="no permission to post here"),
        pytest.param(answer("external_channel_migrating"), NotDelivered, True, id="the channel is being moved"),
        pytest.param(URLError(ConnectionRefusedError()), NotDelivered, True, id="no connection"),
        pytest.param(TimeoutError(), NotDelivered, True, id="no answer in time"),
        pytest.param(socket.gaierror(), NotDelivered, True, id="no such host"),
    ],
)
def test_each_answer_has_one_meaning(error: Exception, kind: type[NotDelivered], maybe_posted: bool) -> None:
    found = meaning(error)
    assert type(found) is kind
    assert found.maybe_posted is maybe_posted


def test_every_code_that_slack_documents_has_exactly_one_meaning() -> None:
    documented = json.loads((Path(__file__).parent / "errors.json").read_text())
    del documented["source"]
    sets = [PLACE, INSTALLATION, MESSAGE, MOMENT, LIMITED]
    assert sum(map(len, sets)) == len(frozenset().union(*sets))
    assert {code for codes in documented.values() for code in codes} <= frozenset().union(*sets)


def test_a_missing_scope_for_an_optional_call_stops_only_that_call() -> None:
    def method() -> None:
        raise answer("missing_scope")

    with pytest.raises(MessageRefused):
        call(method, is_optional=True)


@pytest.mark.parametrize("is_optional", [True, False])
def test_a_limit_concerns_other_calls_unless_its_call_was_optional(is_optional: bool) -> None:
    def method() -> None:
        raise answer("ratelimited", 429)

    with pytest.raises(RateLimited) as caught:
        call(method, is_optional=is_optional)
    assert caught.value.is_aside is is_optional


def test_slacks_details_are_kept_for_the_admin() -> None:
    error = answer("invalid_blocks", response_metadata={"messages": ["must be less than 3001 characters"]})
    assert meaning(error).reason == slack_says("invalid_blocks", "must be less than 3001 characters")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30.0),
        ({"retry-after": "7"}, 7.0),
        ({}, 1.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": "soon"}, 1.0),
    ],
)
def test_the_pause_is_what_slack_asks_for(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(answer("ratelimited", 429, headers)) == seconds


def test_no_address_gets_into_an_error() -> None:
    assert "xoxb" not in str(meaning(URLError("https://slack.com/?token=xoxb-1")))
