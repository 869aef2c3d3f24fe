"""response_urls: five messages within thirty minutes, in the place where the person was."""

import pytest
from slack_sdk.webhook import WebhookClient

from localslack.testing import LocalSlack, Person
from localslack_tests.apps import App
from localslack_tests.views import actions, button, section


def url_of_command(app: App, person: Person, channel: str) -> WebhookClient:
    person.types(channel, "/runtask")
    return WebhookClient(app.received("slash_commands")[-1]["response_url"])


def test_the_url_is_on_our_own_host(app: App, slack: LocalSlack, ana: Person) -> None:
    assert url_of_command(app, ana, "C0OPS").url.startswith(f"{slack.url}/hooks/commands/")


@pytest.mark.parametrize("channel", ["G0SECRET", "D0ANABEN", "C0QUIET"])
def test_a_response_url_works_in_a_channel_without_the_bot(app: App, ana: Person, channel: str) -> None:
    assert url_of_command(app, ana, channel).send(text="a & b").status_code == 200
    assert [one["text"] for one in ana.ephemerals(channel)] == ["a &amp; b"]


def test_with_in_channel_everybody_sees_the_message(app: App, slack: LocalSlack, ana: Person) -> None:
    url_of_command(app, ana, "D0ANABEN").send(text="hi", response_type="in_channel")
    assert slack.person("U0BEN").messages("D0ANABEN")[-1]["text"] == "hi"


def test_a_message_may_go_into_a_thread(app: App, ana: Person) -> None:
    url = url_of_command(app, ana, "C0OPS")
    root = ana.types("C0OPS", "root")["ts"]
    url.send_dict({"text": "reply", "response_type": "in_channel", "replace_original": False, "thread_ts": root})
    assert [one["text"] for one in ana.thread("C0OPS", root)] == ["reply"]


def test_the_sixth_use_is_refused(app: App, slack: LocalSlack, ana: Person) -> None:
    url = url_of_command(app, ana, "C0OPS")
    assert [url.send(text="x").status_code for _ in range(6)] == [200] * 5 + [404]
    assert slack.log("hook")[-1]["response"] == "used_url"


def test_after_thirty_minutes_the_url_has_expired(app: App, slack: LocalSlack, ana: Person) -> None:
    url = url_of_command(app, ana, "C0OPS")
    slack.advance(30 * 60 + 1)
    answer = url.send(text="x")
    assert (answer.status_code, answer.body) == (404, "expired_url")


@pytest.mark.parametrize(
    ("body", "error"),
    [({"response_type": "ephemeral"}, "no_text"), ({"text": "x", "blocks": [section("x" * 3001)]}, "invalid_blocks")],
)
def test_a_message_that_slack_would_refuse_is_refused(
    app: App, ana: Person, body: dict[str, object], error: str
) -> None:
    answer = url_of_command(app, ana, "C0OPS").send_dict(body)
    assert (answer.status_code, answer.body) == (400, error)


def test_a_button_may_replace_and_delete_its_message(app: App, ana: Person) -> None:
    app.client.chat_postMessage(channel="C0OPS", text="x", blocks=[actions(button())])
    ts = ana.messages("C0OPS")[0]["ts"]
    ana.clicks_in("C0OPS", ts, "press")
    url = WebhookClient(app.received("block_actions")[0]["response_url"])
    url.send(text="done", replace_original=True)
    assert [(one["ts"], one["text"], "blocks" in one) for one in ana.messages("C0OPS")] == [(ts, "done", False)]
    url.send(delete_original=True)
    assert ana.messages("C0OPS") == []


def test_an_ephemeral_message_can_be_replaced_only_by_its_response_url(app: App, ana: Person) -> None:
    app.client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="x", blocks=[actions(button())])
    ana.clicks_in("C0OPS", ana.ephemerals("C0OPS")[0]["ts"], "press")
    url = WebhookClient(app.received("block_actions")[0]["response_url"])
    url.send(text="done", replace_original=True)
    assert [one["text"] for one in ana.ephemerals("C0OPS")] == ["done"]
