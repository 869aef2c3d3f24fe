"""The screen is aligned, readable on every terminal, and free of secrets. Programs get the same findings."""

import json

import pytest

from bot.doctor import screen, secret
from bot.doctor.findings import Finding, Section, note, ok, problem, some, warning

FOUND = [
    Section(
        area="Slack",
        findings=(ok("bot token", "valid"), problem("Socket Mode", "Slack says invalid_auth", "Generate one.")),
    ),
    Section(area="Empty", findings=()),
    Section(area="Celery", findings=(warning("queue", "nobody listens " * 12, "Start " * 30), note("x", "y"))),
]


def test_findings_are_aligned_and_marked() -> None:
    assert screen.screen(FOUND[:1]).splitlines() == [
        "Slack",
        "  ok bot token    valid",
        "  XX Socket Mode  Slack says invalid_auth",
        "                  -> Generate one.",
        "",
        "1 problem.",
    ]


def test_an_area_without_findings_is_left_out() -> None:
    assert "Empty" not in screen.screen(FOUND)


@pytest.mark.parametrize("width", [60, 100])
def test_no_line_is_too_wide(width: int) -> None:
    lines = screen.screen(FOUND, width=width, is_plain=False).splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.startswith("  ▲ queue") for line in lines)


def test_plain_is_ascii_and_without_colours() -> None:
    assert screen.screen(FOUND).isascii()
    assert "\x1b" not in screen.screen(FOUND, is_plain=False)
    assert "\x1b[1;31m✗\x1b[0m Socket" in screen.screen(FOUND, is_plain=False, is_coloured=True)


def test_programs_get_the_same_findings() -> None:
    told = json.loads(screen.as_json(FOUND))
    assert told["ok"] is False
    assert told["findings"][1] == {
        "area": "Slack",
        "what": "Socket Mode",
        "found": "Slack says invalid_auth",
        "level": "problem",
        "remedy": "Generate one.",
    }
    assert json.loads(screen.as_json([]))["ok"] is True


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([ok("a", "b")], "All is well."),
        ([note("a", "b"), note("a", "b")], "2 notes."),
        ([warning("a", "b", "c"), problem("a", "b", "c")], "1 problem, 1 warning."),
    ],
)
def test_the_verdict_counts_the_findings(findings: list[Finding], verdict: str) -> None:
    assert screen.verdict([Section(area="A", findings=tuple(findings))]) == verdict


def test_hostile_text_and_secrets_are_not_shown() -> None:
    hostile = problem("a\x1b[2J", "hunter2 at amqp://u:hunter2@mq\nnext", "hunter2")
    (section,) = screen.hidden([Section(area="A", findings=(hostile,))], lambda text: secret.hide(text, ["hunter2"]))
    assert section.findings == (problem("a", "*** at amqp://u:***@mq next", "***"),)


def test_of_many_names_the_first_are_shown() -> None:
    assert some(["a", "b", "c"]) == "a, b, c"
    assert some([str(n) for n in range(2000)], 2) == "0, 1 and 1,998 more"
