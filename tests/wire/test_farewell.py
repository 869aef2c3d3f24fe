"""If the app is removed or its token is revoked, delivery pauses. It loses nothing, and goes on by itself."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from bot import wiring
from bot.models import Notice, NoticeState
from bot.runs import gate, installations
from bot.slack.manifest import EVENTS
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import Schedule
from tests.wire.test_destinations import ends
from tests.wire.test_thread import all_words, finished, run

HERE = "T0LOCAL/A0LOCAL"
Json = dict[str, Any]


def event(kind: str, **changes: Any) -> Json:
    """An event as Slack sends it now. Events of different kinds have different ids."""
    body: Json = {
        "token": "t", "team_id": "T0LOCAL", "api_app_id": "A0LOCAL", "type": "event_callback", "event_id": f"Ev{kind}",
        "event_time": int(time.time()), "event": {"type": kind, "event_ts": "1.2"},
    }  # fmt: skip
    return body | changes


def revoked(**tokens: list[str]) -> Json:
    return event("tokens_revoked", event={"type": "tokens_revoked", "tokens": tokens})


@pytest.fixture
def known(slack: LocalSlack) -> None:
    """The bot has asked Slack which installation it belongs to, as it does at its start."""
    assert wiring.installation().id() == HERE


def times_asked(slack: LocalSlack) -> int:
    """How often the bot has asked Slack about its token."""
    return len(slack.calls("auth.test"))


@pytest.mark.usefixtures("delivering", "known")
@pytest.mark.parametrize(
    ("go", "code"), [(LocalSlack.uninstall, "account_inactive"), (LocalSlack.revoke, "token_revoked")]
)
def test_delivery_pauses_if_the_app_is_removed_or_its_token_revoked_and_goes_on_when_it_is_back(
    bot: LocalSlack,
    ana: Person,
    schedule: Schedule,
    monkeypatch: pytest.MonkeyPatch,
    go: Callable[[LocalSlack], None],
    code: str,
) -> None:
    """Without an event, delivery asks Slack only every 20 s. Here it pauses within 10 s, so the event has caused that."""
    monkeypatch.setattr(gate, "PAUSE", 1.0)
    stored = run(bot, ana, schedule())
    bot.wait_for(lambda: Notice.objects.filter(kind="id", state=NoticeState.SENT).exists())
    go(bot)
    # The bot asks once for each event. The deliverer reads the answer and asks, too: that makes one refusal more.
    bot.wait_for(lambda: refusals(bot) > len(bot.deliveries("event_callback")) > 0)
    problem = installations.problem(HERE)
    assert problem is not None
    assert problem.params["error"] == code
    assert json.loads(Client().get("/readyz").content)["slack"].strip() == f"Slack says {code}"
    posted = len(bot.log("api", "chat.postMessage"))
    ends(stored)
    bot.wait_for(lambda: Notice.objects.filter(kind="final", state=NoticeState.OWED).exists())
    before = refusals(bot)
    bot.wait_for(lambda: refusals(bot) >= before + 2)
    assert len(bot.log("api", "chat.postMessage")) == posted, "it posts nothing while it pauses"
    assert set(Notice.objects.filter(kind="final").values_list("state", "attempts")) == {("owed", 0)}
    back(bot, code)
    _, [_, final] = finished(bot, ana)
    assert "SUCCESS" in all_words(final)
    assert installations.problem(HERE) is None


def refusals(slack: LocalSlack) -> int:
    answers = [entry["response"] for entry in slack.log("api", "auth.test")]
    return sum(not answer["ok"] for answer in answers)


def back(slack: LocalSlack, code: str) -> None:
    """Installs the app again, with the same token."""
    if code == "token_revoked":
        slack.uninstall()
    slack.install("A0LOCAL", "T0LOCAL", bot_token=slack.bot_token)


@pytest.mark.usefixtures("delivering", "known")
@pytest.mark.parametrize(
    "late", [event("app_uninstalled"), revoked(bot=["U0BOT"], oauth=[])], ids=["removed", "revoked"]
)
def test_an_event_that_is_late_or_forged_changes_nothing(
    bot: LocalSlack, ana: Person, schedule: Schedule, late: Json
) -> None:
    stored = run(bot, ana, schedule())
    bot.wait_for(lambda: Notice.objects.filter(kind="id", state=NoticeState.SENT).exists())
    before = times_asked(bot)
    assert bot.deliver("event_callback", late)["error"] is None
    bot.wait_for(lambda: times_asked(bot) > before)
    ends(stored)
    finished(bot, ana)
    assert installations.problem(HERE) is None


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "other",
    [
        event("app_uninstalled", team_id="T0TWO"),
        event("app_uninstalled", api_app_id="A0OTHER"),
        revoked(bot=[], oauth=["U0ANA"]),
        revoked(oauth=["U0ANA"]),
    ],
    ids=["another workspace", "another app", "a person's token", "no list of bots"],
)
def test_an_event_about_another_token_is_only_acknowledged(bot: LocalSlack, other: Json) -> None:
    before = times_asked(bot)
    assert bot.deliver("event_callback", other | {"event_id": "Ev1"})["error"] is None
    assert bot.deliver("event_callback", event("app_uninstalled", event_id="Ev2"))["error"] is None
    bot.wait_for(lambda: times_asked(bot) > before)
    assert times_asked(bot) == before + 1, "the first event makes it ask nothing"


@pytest.mark.usefixtures("known")
def test_an_event_that_slack_sends_again_is_acknowledged_and_handled_once(bot: LocalSlack) -> None:
    before = times_asked(bot)
    for number in (1, 1, 1, 2):
        body = event("app_uninstalled", event_id=f"Ev{number}")
        assert bot.deliver("event_callback", body)["error"] is None
    bot.wait_for(lambda: times_asked(bot) >= before + 2)
    assert times_asked(bot) == before + 2


@pytest.mark.parametrize("kind", [*EVENTS, "message", "something_new"])
def test_every_event_is_acknowledged_and_none_is_logged(
    bot: LocalSlack, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    caplog.set_level(logging.DEBUG, "bot")
    logging.getLogger("bot.slack.bolt").setLevel(logging.ERROR)
    details = {"type": kind, "user": "U0ANA", "text": "hunter2", "channel": "C0OPS", "ts": "1.2", "tokens": {}}
    assert bot.deliver("event_callback", event(kind, event=details))["error"] is None
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("age", [0, 601])
def test_only_a_mention_of_more_than_ten_minutes_ago_is_ignored(
    bot: LocalSlack, caplog: pytest.LogCaptureFixture, age: int
) -> None:
    body = event("app_mention")
    body["event_time"] -= age
    assert bot.deliver("event_callback", body)["error"] is None
    assert ("ignored an event that is too old: app_mention" in caplog.text) is (age > 0)


def test_a_mention_of_a_minute_ago_is_not_ignored(bot: LocalSlack, caplog: pytest.LogCaptureFixture) -> None:
    body = event("app_mention")
    body["event_time"] -= 60
    assert bot.deliver("event_callback", body)["error"] is None
    assert "ignored" not in caplog.text
