"""The control API and the event stream, which the page and other tests use."""

import urllib.error
import urllib.request

import pytest
from slack_sdk import WebClient

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.apps import App
from localslack_tests.test_payloads import open_modal
from localslack_tests.views import text_input


def test_state_shows_a_person_their_slack(slack: LocalSlack) -> None:
    state = slack.look("state", user="U0BEN")
    assert state["team"] == {"id": "T0LOCAL", "name": "Local", "domain": "local"}
    assert (state["me"]["real_name"], state["mode"]) == ("Ben Okafor", "socket")
    shown = {one["id"]: one for one in state["channels"]}
    assert set(shown) == {"C0GENERAL", "C0OPS", "C0QUIET", "C0SHARED", "D0ANABEN", "D0BEN"}
    assert (shown["C0QUIET"]["is_member_bot"], shown["C0OPS"]["is_member_bot"]) == (False, True)
    assert (shown["D0ANABEN"]["kind"], shown["D0ANABEN"]["name"], shown["D0ANABEN"]["user"]) == (
        "im",
        "Ana Ruiz",
        "U0ANA",
    )
    assert [one["command"] for one in state["app"]["commands"]] == ["/runtask"]
    assert {"U0ANA", "U0BEN", "U0CARA", "U0GIL", "U0OLGA", "U0BOT"} <= {one["id"] for one in state["people"]}


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("state", {"user": "U0NOBODY"}, "user_not_found"),
        ("messages", {"user": "U0BEN", "channel": "G0SECRET"}, "channel_not_found"),
        ("stream", {"user": "U0NOBODY"}, "user_not_found"),
    ],
)
def test_only_people_see_slack_and_only_their_own_conversations(
    slack: LocalSlack, path: str, query: Json, error: str
) -> None:
    assert slack.look(path, **query) == {"ok": False, "error": error}


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("type", {"user": "U0ANA"}, "missing: channel"),
        ("config", {"mode": "pigeon"}, "wrong value for mode"),
        (
            "config",
            {"shortcuts": [{"callback_id": "a", "name": "x" * 25, "type": "global"}]},
            "wrong value for shortcuts",
        ),
        ("config", {"shortcuts": [{"callback_id": "a", "name": "x", "type": "slash"}]}, "wrong value for shortcuts"),
        ("config", {"colour": "red"}, "unknown setting: colour"),
        ("config", {"deadline": "soon"}, "wrong value for deadline"),
        ("socket", {"do": "dance"}, "unknown trouble: dance"),
        ("click", {"user": "U0ANA", "view_id": "V0"}, "view_not_found"),
        ("click", {"user": "U0ANA", "channel": "C0OPS", "ts": "1.1"}, "message_not_found"),
    ],
)
def test_malformed_requests_are_refused(slack: LocalSlack, path: str, body: Json, error: str) -> None:
    assert slack.control(path, **body) == {"ok": False, "error": error}


def test_the_configuration_shows_no_secrets(slack: LocalSlack) -> None:
    shown = slack.config(deadline=1)["config"]
    assert shown["deadline"] == 1
    assert not {"bot_token", "app_token", "signing_secret"} & set(shown)


def test_a_setting_may_name_commands_only(slack: LocalSlack, app: App, ana: Person) -> None:
    slack.config(commands=["/other"])
    assert ana.types("C0OPS", "/other one")["dispatched"]
    assert not ana.types("C0OPS", "/runtask")["dispatched"]


def test_the_stream_reports_messages(slack: LocalSlack, client: WebClient) -> None:
    with slack.listening("U0ANA", "U0OLGA") as heard:
        root = client.chat_postMessage(channel="C0OPS", text="one")["ts"]
        client.chat_update(channel="C0OPS", ts=root, text="two")
        client.chat_postMessage(channel="C0OPS", text="reply", thread_ts=root)
        client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="psst")
        last = client.chat_postMessage(channel="C0OPS", text="last")["ts"]
        client.chat_delete(channel="C0OPS", ts=last)
        slack.wait_for(lambda: heard("U0ANA", "message_deleted"))
        assert [one["message"]["text"] for one in heard("U0ANA", "message")] == ["one", "reply", "last"]
        assert [one["message"]["text"] for one in heard("U0ANA", "message_changed")] == ["two", "two"]
        assert heard("U0ANA", "message_changed")[1]["message"]["reply_count"] == 1
        assert [one["message"]["text"] for one in heard("U0ANA", "ephemeral")] == ["psst"]
        assert heard("U0ANA", "message_deleted") == [{"channel": "C0OPS", "ts": last}]
        assert heard("U0OLGA", "message") == []


def test_the_stream_reports_modals(slack: LocalSlack, app: App) -> None:
    with slack.listening("U0ANA", "U0BEN") as heard:
        ana = open_modal(slack, app, text_input())
        ana.fills("args", None, "x")
        ana.closes()
        slack.wait_for(lambda: len(heard("U0ANA", "view")) == 3)
        opened, typed, closed = heard("U0ANA", "view")
        assert opened["stack"][0]["state"]["values"]["args"]["typed"]["value"] is None
        assert typed["stack"][0]["state"]["values"]["args"]["typed"]["value"] == "x"
        assert closed == {"stack": [], "home": None, "homes": {}}
        assert heard("U0BEN", "view") == []


def test_the_stream_reports_channels(slack: LocalSlack) -> None:
    with slack.listening("U0ANA", "U0BEN") as heard:
        slack.control("channels", id="C0OPS", members=["U0ANA", "U0BOT"], is_archived=True)
        slack.control("read", user="U0ANA", channel="C0OPS")
        slack.config(home_tab=False)
        slack.wait_for(lambda: len(heard("U0ANA", "channel")) == 2 and heard("U0BEN", "config"))
        assert heard("U0ANA", "channel")[0]["channel"]["is_archived"] is True
        assert heard("U0BEN", "channel_left") == [{"channel": "C0OPS"}]


def test_a_reset_forgets_everything(slack: LocalSlack, client: WebClient, ana: Person) -> None:
    client.chat_postMessage(channel="C0OPS", text="x")
    slack.fault("fatal_error", count=0)
    slack.config(mode="http", deadline=1.0, scopes=[])
    slack.control("people", id="U0BEN", deleted=True)
    slack.reset()
    assert ana.messages("C0OPS") == []
    assert client.auth_test()["ok"]
    assert slack.look("config")["config"]["mode"] == "socket"
    assert slack.person("U0BEN").types("C0OPS", "back")["ok"]


def test_the_page_and_permalinks_are_served(slack: LocalSlack, client: WebClient) -> None:
    ts = str(client.chat_postMessage(channel="C0OPS", text="x")["ts"])
    link = client.chat_getPermalink(channel="C0OPS", message_ts=ts)["permalink"]
    with urllib.request.urlopen(link, timeout=5) as page:
        assert page.status == 200
        assert page.url == f"{slack.url}/?channel=C0OPS&ts={ts}"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}], ids=["origin", "host"]
)
def test_other_sites_in_the_same_browser_are_turned_away(slack: LocalSlack, headers: dict[str, str]) -> None:
    request = urllib.request.Request(f"{slack.url}/control/reset", b"{}", headers, method="POST")
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        urllib.request.urlopen(request, timeout=5)
    caught.value.close()


def test_the_error_of_a_wait_shows_the_last_log_entries(slack: LocalSlack, client: WebClient) -> None:
    client.auth_test()
    with pytest.raises(AssertionError, match=r"auth\.test"):
        slack.wait_for(lambda: False, timeout=0.01)
