"""Who reads a channel: only our company, or another one, too."""

import time
from typing import Any

import pytest
from slack_sdk.web import WebClient

from bot.core.model import Audience, ChannelId
from bot.core.ports import NotDelivered, RateLimited
from bot.slack import audience
from bot.slack.audience import Audiences
from tests.slack.test_notifier import answer

OPS = ChannelId("C0OPS")
PUBLIC = {"is_channel": True, "is_ext_shared": False, "is_pending_ext_shared": False}


class Saying(WebClient):
    """A client that answers `conversations.info` with these facts, or raises this error."""

    def __init__(self, says: dict[str, Any] | Exception) -> None:
        super().__init__()
        self.says = says
        self.asked: list[str] = []

    def conversations_info(self, *, channel: str, **_: Any) -> Any:
        self.asked.append(channel)
        if isinstance(self.says, Exception):
            raise self.says
        return {"ok": True, "channel": {"id": channel, **self.says}}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(PUBLIC, Audience.OWN, id="our own"),
        pytest.param(PUBLIC | {"is_shared": True, "is_org_shared": True}, Audience.OWN, id="workspaces of one company"),
        pytest.param(PUBLIC | {"is_shared": True, "is_ext_shared": True}, Audience.EXTERNAL, id="shared"),
        pytest.param(PUBLIC | {"is_pending_ext_shared": True}, Audience.EXTERNAL, id="invited"),
        pytest.param({"is_channel": True}, Audience.UNKNOWN, id="not said"),
    ],
)
def test_the_audience_follows_from_slacks_facts(facts: dict[str, Any], expected: Audience) -> None:
    assert Audiences(Saying(facts)).of(OPS) is expected


def test_without_the_scope_the_audience_is_unknown_and_nothing_is_withheld() -> None:
    audiences = Audiences(Saying(answer("missing_scope", needed="channels:read")))
    assert (audiences.of(OPS), audiences.is_external(OPS)) == (Audience.UNKNOWN, False)


@pytest.mark.parametrize("code", ["channel_not_found", "no_permission", "access_denied", "invalid_arguments"])
def test_a_channel_that_slack_will_not_tell_of_counts_as_external(code: str) -> None:
    client = Saying(answer(code))
    audiences = Audiences(client)
    assert audiences.is_external(OPS)
    assert audiences.of(OPS) is Audience.ELSEWHERE
    client.says = PUBLIC
    assert not audiences.is_external(OPS), "a failure is not remembered"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer("ratelimited", 429, {"Retry-After": "3"}), RateLimited),
        (answer(status=503), NotDelivered),
        (TimeoutError(), NotDelivered),
    ],
    ids=["429", "503", "no answer"],
)
def test_without_an_answer_nothing_is_assumed_and_nothing_was_posted(
    error: Exception, kind: type[NotDelivered]
) -> None:
    with pytest.raises(kind) as caught:
        Audiences(Saying(error)).is_external(OPS)
    assert caught.value.maybe_posted is False


def test_an_answer_counts_for_a_while_and_then_slack_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Saying(PUBLIC)
    audiences = Audiences(client)
    assert not audiences.is_external(OPS)
    client.says = {"is_ext_shared": True}
    assert not audiences.is_external(OPS)
    assert client.asked == [OPS]
    later = time.monotonic() + audience.FRESH
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert audiences.is_external(OPS)


def test_the_channel_that_was_asked_about_first_is_forgotten_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audience, "MOST", 2)
    client = Saying(PUBLIC)
    audiences = Audiences(client)
    for channel in ("C1", "C2", "C3", "C3", "C1"):
        audiences.of(ChannelId(channel))
    assert client.asked == ["C1", "C2", "C3", "C1"]


def test_nobody_is_asked_about_the_bots_direct_messages_or_where_everything_may_be_said() -> None:
    client = Saying({"is_ext_shared": True})
    assert not Audiences(client).is_external(ChannelId("D0ANA"))
    assert not Audiences(client, is_full=True).is_external(OPS)
    assert client.asked == []
