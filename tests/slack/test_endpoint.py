"""HTTP mode's address: which requests are refused before any work, and which reach the app."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import OperationalError
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ports import NotSetUp
from bot.core.steady import elapsed
from bot.requests import BODY_LIMIT
from bot.runs import clock
from bot.slack.endpoint import CLOCK_SKEW, FORM, JSON, Bad, endpoint, parse, verify
from bot.slack.replay import TOO_OLD
from tests.slack.signed import (
    DOCUMENTED_BODY,
    DOCUMENTED_SECRET,
    DOCUMENTED_SIGNATURE,
    DOCUMENTED_TIME,
    SECRET,
    FakeApp,
    call,
    interaction,
    request,
    sign,
)


@pytest.fixture
def app() -> FakeApp:
    return FakeApp()


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[float]:
    """The time in seconds. The machine's clock stands still, and the database's clock shows the same."""
    for name in ("now", "last"):
        monkeypatch.setattr(clock, name, timezone.now)
    with time_machine.travel(1_700_000_000, tick=False):
        yield 1_700_000_000


def test_the_documented_signature_is_accepted() -> None:
    headers = {"X-Slack-Request-Timestamp": str(DOCUMENTED_TIME), "X-Slack-Signature": DOCUMENTED_SIGNATURE}
    signed = RequestFactory().generic("POST", "/", DOCUMENTED_BODY, FORM, headers=headers)
    with time_machine.travel(DOCUMENTED_TIME + CLOCK_SKEW, tick=False):
        verify(signed, DOCUMENTED_BODY, DOCUMENTED_SECRET)
        with pytest.raises(Bad, match="bad signature"):
            verify(signed, DOCUMENTED_BODY + b"x", DOCUMENTED_SECRET)
        with pytest.raises(Bad, match="bad signature"):
            verify(signed, DOCUMENTED_BODY, SECRET)
    with time_machine.travel(DOCUMENTED_TIME + CLOCK_SKEW + 1, tick=False), pytest.raises(Bad, match="too old"):
        verify(signed, DOCUMENTED_BODY, DOCUMENTED_SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-Slack-Signature": ""}, id="no signature"),
        pytest.param({"X-Slack-Signature": "v0=" + "0" * 64}, id="forged"),
        pytest.param({"X-Slack-Signature": "v0=ü"}, id="not ASCII"),
        pytest.param({"X-Slack-Request-Timestamp": ""}, id="no timestamp"),
        pytest.param({"X-Slack-Request-Timestamp": "yesterday"}, id="no number"),
        pytest.param({"X-Slack-Request-Timestamp": "-1"}, id="negative"),
        pytest.param({"X-Slack-Request-Timestamp": "١٢٣"}, id="other digits"),
        pytest.param({"X-Slack-Request-Timestamp": "9" * 5000}, id="huge"),
        pytest.param({"X-Slack-Request-Timestamp": str(1_700_000_000 - CLOCK_SKEW - 1)}, id="old"),
        pytest.param({"X-Slack-Request-Timestamp": str(1_700_000_000 + CLOCK_SKEW + 1)}, id="from the future"),
    ],
)
def test_a_request_that_slack_did_not_sign_now_gets_401(app: FakeApp, headers: dict[str, str]) -> None:
    assert call(app, request(DOCUMENTED_BODY, **headers)).status_code == 401
    assert app.bodies == []


def test_a_machine_with_a_wrong_clock_asks_the_database(app: FakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    right = timezone.now()
    monkeypatch.setattr(clock, "now", lambda: right)
    asked = request(json.dumps({"type": "view_submission"}).encode(), JSON)
    with time_machine.travel(right + timedelta(seconds=600), tick=False):
        assert call(app, asked).status_code == 200
    assert len(app.bodies) == 1


@pytest.mark.parametrize("is_away", [False, True], ids=["database answers", "database is away"])
def test_a_press_from_before_a_pause_of_the_machine_is_late(
    app: FakeApp, monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    """The clock that counts from the database's last answer stood still, as in a virtual machine that was paused for a minute."""

    def away() -> datetime:
        raise OperationalError("away")

    before = timezone.now()
    read = clock._Reading(before, elapsed(), before.timestamp())
    monkeypatch.setattr(clock, "_reading", read)
    monkeypatch.setattr(clock, "last", read.now)
    if is_away:
        monkeypatch.setattr(clock, "now", away)
    pressed = request(json.dumps({"type": "block_actions"}).encode(), JSON)
    with time_machine.travel(before + timedelta(seconds=60), tick=False):
        assert call(app, pressed).status_code == 408
    assert app.bodies == []


def test_an_old_request_signed_rightly_is_refused(app: FakeApp) -> None:
    at = int(time.time()) - CLOCK_SKEW - 1
    headers = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": sign(b"a=1", at)}
    assert call(app, request(b"a=1", **headers)).status_code == 401


@pytest.mark.parametrize(
    ("body", "is_refused"),
    [
        ({"type": "view_submission"}, True),
        ({"type": "block_actions", "actions": [{"action_id": "any button, whatever its id"}]}, True),
        ({"type": "view_closed"}, True),
        ({"type": "something new"}, True),
        ({"type": "block_suggestion"}, False),
        ({"type": "shortcut"}, False),
    ],
    ids=str,
)
def test_of_old_requests_only_those_that_would_change_something_are_refused(
    app: FakeApp, body: dict[str, Any], is_refused: bool
) -> None:
    raw = interaction(body)
    for age, expected in ((TOO_OLD, 200), (TOO_OLD + 1, 408 if is_refused else 200)):
        at = int(time.time() - age)
        headers = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": sign(raw, at)}
        assert call(app, request(raw, **headers)).status_code == expected
    assert len(app.bodies) == 2 - is_refused


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        pytest.param(b"payload=notjson", FORM, 400, id="no JSON in payload"),
        pytest.param(b"payload=%5B1%5D", FORM, 400, id="no object in payload"),
        pytest.param(b"payload=" + b"%5B" * 200_000, FORM, 400, id="nested too deep"),
        pytest.param(b"no form at all", FORM, 400, id="no form"),
        pytest.param(b"a=1&" * 200, FORM, 400, id="too many fields"),
        pytest.param(b"{", JSON, 400, id="no JSON"),
        pytest.param(b"7", JSON, 400, id="no object"),
        pytest.param(b" ", JSON, 400, id="blank"),
        pytest.param(b"a=1", "text/plain", 415, id="another type"),
        pytest.param(b"a=1", "", 415, id="no type"),
        pytest.param(b"x" * (BODY_LIMIT + 1), FORM, 413, id="too large"),
    ],
)
def test_a_request_that_slack_would_not_send_is_refused(
    app: FakeApp, raw: bytes, content_type: str, status: int
) -> None:
    assert call(app, request(raw, content_type)).status_code == status
    assert app.bodies == []


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"payload=\xff"])
def test_bytes_that_are_no_text_are_refused_signed_or_not(app: FakeApp, raw: bytes) -> None:
    assert call(app, request(raw, **{"X-Slack-Signature": "v0=" + "0" * 64})).status_code in (400, 401)
    assert call(app, request(raw)).status_code in (400, 401)
    assert app.bodies == []


@pytest.mark.parametrize(
    "length",
    [
        "-1",
        "x",
        str(BODY_LIMIT + 1),
        "9" * 5000,
    ],
)
def test_a_wrong_length_is_refused(app: FakeApp, length: str) -> None:
    what = request(b"a=1")
    what.META["CONTENT_LENGTH"] = length
    assert 400 <= call(app, what).status_code < 500


def test_only_posts_are_answered(app: FakeApp) -> None:
    assert call(app, RequestFactory().get("/slack/events")).status_code == 405


def test_without_a_secret_the_answer_says_that_http_mode_is_not_set_up(app: FakeApp) -> None:
    answer = call(app, request(b"a=1"), secret="")
    assert answer.status_code == 503
    assert b"SLACK_SIGNING_SECRET" in answer.content


def test_slacks_probe_of_the_certificate_is_answered_unsigned(app: FakeApp) -> None:
    probe = request(b"ssl_check=1&token=x", **{"X-Slack-Signature": ""})
    assert call(app, probe).status_code == 200
    assert app.bodies == []


def test_the_address_is_confirmed_when_slack_asks(app: FakeApp) -> None:
    raw = json.dumps({"type": "url_verification", "token": "x", "challenge": "3eZbrw1a"}).encode()
    assert call(app, request(raw, JSON)).content == b"3eZbrw1a"
    assert call(app, request(raw, JSON, **{"X-Slack-Signature": "v0=0"})).status_code == 401
    assert app.bodies == []


def test_slacks_warning_about_left_out_events_is_acknowledged_and_logged(
    app: FakeApp, now: float, caplog: pytest.LogCaptureFixture
) -> None:
    """docs.slack.dev: reference/events/app_rate_limited"""
    body = {
        "type": "app_rate_limited",
        "token": "x",
        "team_id": "T1",
        "minute_rate_limited": 1518467820,
        "api_app_id": "A1",
    }
    at = int(now) - 60
    raw = json.dumps(body).encode()
    headers = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": sign(raw, at)}
    assert call(app, request(raw, JSON, **headers)).status_code == 200
    assert "Slack left out events" in caplog.text
    assert app.bodies == []


def test_the_three_shapes_reach_the_app(app: FakeApp) -> None:
    answer = call(app, request(DOCUMENTED_BODY))
    call(app, request(interaction({"type": "view_submission", "text": "payload"})))
    call(app, request(json.dumps({"type": "event_callback"}).encode(), "application/json; charset=utf-8"))
    assert [body.get("type") or body["command"] for body in app.bodies] == [
        "/webhook-collect",
        "view_submission",
        "event_callback",
    ]
    assert app.bodies[1]["text"] == "payload"
    assert json.loads(answer.content) == {"options": []}
    assert answer.headers["content-type"].startswith(JSON)


@pytest.mark.parametrize("text", ["payload", "payload=1", 'x&payload={"type":"view_submission"}', "+ %26 é"])
def test_a_command_whose_text_looks_like_a_payload_is_a_command(app: FakeApp, text: str) -> None:
    call(app, request(urlencode({"command": "/runtask", "text": text}).encode()))
    assert app.bodies == [{"command": "/runtask", "text": text}]


@pytest.mark.parametrize("lacks", ["secret", "app"])
def test_one_log_line_says_what_the_site_lacks(app: FakeApp, caplog: pytest.LogCaptureFixture, lacks: str) -> None:
    def raises() -> Any:
        raise NotSetUp("RUNTASK_DEADLINE must be a number of seconds above 0")

    parts: dict[str, Any] = {"app": lambda: app, "secret": lambda: SECRET, lacks: raises}
    answered = endpoint(parts["app"], parts["secret"])(request(b"command=a"))
    assert (answered.status_code, b"RUNTASK" in answered.content) == (503, False)
    [line] = [record for record in caplog.records if record.name == "bot.slack.endpoint"]
    assert line.getMessage() == "/slack/events: not set up: RUNTASK_DEADLINE must be a number of seconds above 0"
    assert line.exc_info is None


def test_of_the_headers_only_those_about_slacks_retries_are_passed_on(app: FakeApp) -> None:
    call(app, request(b"command=a", **{"X-Slack-Retry-Num": "1", "Cookie": "secret"}))
    assert "secret" not in str(app.headers)
    assert app.headers[0]["x-slack-retry-num"] == ["1"]


@given(st.binary(max_size=200), st.sampled_from([FORM, JSON, "", "text/html"]))
def test_any_body_is_an_object_or_bad(raw: bytes, content_type: str) -> None:
    try:
        body = parse(raw, content_type)
    except Bad as exc:
        body = {"refused": exc.status}
    assert isinstance(body, dict)
    assert body.get("refused", 400) in (400, 415)
