"""HTTP delivery: signatures, kinds of body, the options load URL, and forged requests for other tests."""

import json
import time
from urllib.parse import parse_qs

import pytest
from slack_sdk.signature import SignatureVerifier

from localslack.http_mode import sign
from localslack.testing import LocalSlack, Person
from localslack_tests.apps import HttpApp
from localslack_tests.test_payloads import open_modal
from localslack_tests.views import menu, option

# docs.slack.dev: verifying-requests-from-slack.
DOCUMENTED_BODY = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


def test_the_signature_is_the_documented_one() -> None:
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", DOCUMENTED_BODY) == expected


def test_slacks_own_verifier_accepts_all_three_kinds_of_body(slack: LocalSlack, http_app: HttpApp, ana: Person) -> None:
    slack.config(events=["app_mention"])
    ana.types("C0OPS", "/runtask ümlaut & more")
    open_modal(slack, http_app, menu()).suggests("task", value="ü")
    ana.types("C0OPS", "<@U0BOT> hey")
    slack.wait_for(lambda: http_app.received("event_callback"))
    verifier = SignatureVerifier(slack.signing_secret)
    assert all(verifier.is_valid_request(body, headers) for headers, body in http_app.requests)
    kinds = {headers["content-type"] for headers, _ in http_app.requests}
    assert kinds == {"application/x-www-form-urlencoded", "application/json"}


def test_characters_beyond_ascii_come_as_escapes(slack: LocalSlack, http_app: HttpApp) -> None:
    open_modal(slack, http_app, menu()).suggests("task", value="ü")
    raw = parse_qs(http_app.requests[-1][1])["payload"][0]
    assert '"value": "\\u00fc"' in raw


def test_options_are_requested_at_their_own_url(slack: LocalSlack, http_app: HttpApp) -> None:
    ana = open_modal(slack, http_app, menu())
    with HttpApp(slack) as options_app:
        slack.config(options_url=options_app.url)
        options_app.answers["block_suggestion"] = lambda _: {"options": [option("from there")]}
        assert ana.labels("task") == ["from there"]
    assert http_app.received("block_suggestion") == []


@pytest.mark.parametrize("kind", ["ssl_check", "url_verification"])
def test_slacks_own_requests_can_be_sent_on_demand(slack: LocalSlack, http_app: HttpApp, kind: str) -> None:
    http_app.answers["url_verification"] = lambda payload: {"challenge": payload["challenge"]}
    ack = slack.deliver(kind)
    assert ack["status"] == 200
    (received,) = http_app.received(kind)
    if kind == "url_verification":
        assert ack["body"] == {"challenge": received["challenge"]}


def test_requests_can_be_forged(slack: LocalSlack, http_app: HttpApp) -> None:
    old = str(int(time.time()) - 600)
    slack.deliver("view_submission", {"type": "view_submission", "forged": True})
    slack.deliver("view_submission", {"type": "view_submission"}, secret="wrong")
    slack.deliver("view_submission", {"type": "view_submission"}, timestamp=old)
    slack.deliver("x", body="payload=%7B%22type%22%3A%20%22x%22%7D", headers={"X-Slack-Signature": "v0=nothing"})
    verifier = SignatureVerifier(slack.signing_secret)
    assert [verifier.is_valid_request(body, headers) for headers, body in http_app.requests] == [
        True,
        False,
        False,
        False,
    ]
    assert http_app.received("view_submission")[0]["forged"] is True


def test_a_request_never_carries_a_bot_token(slack: LocalSlack, http_app: HttpApp, ana: Person) -> None:
    ana.types("C0OPS", "/runtask")
    headers, body = http_app.requests[0]
    assert "xoxb" not in json.dumps([headers, body])
