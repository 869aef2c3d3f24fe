"""What the tests of mentions share: people write them, and read the answer."""

from typing import Any

from bot.runs import clock
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS
from tests.wire.form import words

Json = dict[str, Any]
BOT = "<@U0BOT>"


def subscribe(slack: LocalSlack) -> None:
    slack.config(events=["app_mention"], event_retry_delays=[0.0, 0.0, 0.0])


def answers(slack: LocalSlack) -> list[Json]:
    return slack.calls("chat.postEphemeral")


def answer(slack: LocalSlack, person: Person, text: str, thread_ts: str | None = None) -> Json:
    """The ephemeral message that the person gets after they have written `text` in the channel."""
    before = len(answers(slack))
    ts = person.types(OPS, text, thread_ts)["ts"]
    slack.wait_for(lambda: len(answers(slack)) > before)
    seen = person.thread(OPS, thread_ts) if thread_ts else person.ephemerals(OPS)
    return next(one for one in reversed(seen) if one.get("is_ephemeral") and one["ts"] > ts)


def said(message: Json) -> str:
    return words(message["blocks"]).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def buttons(message: Json) -> list[Json]:
    return [block["accessory"] for block in message["blocks"] if "accessory" in block]


def chosen(slack: LocalSlack, person: Person, message: Json, at: int = 0) -> Json:
    """Presses a button and waits for the form."""
    person.clicks_in(OPS, message["ts"], f"choose:{at}")
    return slack.wait_for(person.modal)


def selected(modal: Json) -> str:
    return str(modal["blocks"][0]["element"]["initial_option"]["text"]["text"])


def refusal(slack: LocalSlack, person: Person, message: Json) -> str:
    """The ephemeral text that the person gets after a press of the first button. No form opens."""
    before = len(person.ephemerals(OPS))
    person.clicks_in(OPS, message["ts"], "choose:0")
    slack.wait_for(lambda: len(person.ephemerals(OPS)) > before)
    assert person.modal() is None
    return str(person.ephemerals(OPS)[-1]["text"])


def event(**changes: Any) -> Json:
    """A mention's event as Slack sends it, for cases that the local Slack doesn't produce by itself."""
    ts = f"{clock.now().timestamp():.6f}"
    inner = {"type": "app_mention", "user": "U0ANA", "team": "T0LOCAL", "text": f"{BOT} nightly", "ts": ts}
    wrapper = {name: changes.pop(name) for name in ("team_id", "api_app_id", "authorizations") if name in changes}
    return {
        "token": "t", "team_id": "T0LOCAL", "api_app_id": "A0LOCAL", "type": "event_callback",
        "event": inner | {"channel": OPS, "event_ts": ts} | changes, "event_id": f"Ev{ts}",
        "event_time": int(float(ts)), "authorizations": [{"team_id": "T0LOCAL", "user_id": "U0BOT", "is_bot": True}],
    } | wrapper  # fmt: skip
