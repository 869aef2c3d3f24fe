"""What a person reads if no form opens. They read it once, and never beside an open form."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.core.model import SlackAccount, SlackUserId, TeamId
from bot.runs.refusals import NoSuchRun
from bot.slack.listeners.opening import Opening
from bot.slack.presses import HomePress

ASKED = HomePress(account=SlackAccount(team=TeamId("T0LOCAL"), user=SlackUserId("U0ANA")), value=0, trigger="1.2")


@dataclass
class Asked:
    """Somebody asks for a form where Slack gives no response_url."""

    error: str = ""  # Slack's answer to views.open
    refused: Exception | None = None
    loses_answer: bool = False  # Slack opens the form, but its answer doesn't arrive
    opened: list[Any] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def opening(self) -> Opening:
        parts: Any = SimpleNamespace(admit=lambda *_: None, client=self)
        return Opening(
            parts=parts, asked=ASKED, view=lambda _: self._view(), too_late="Too late", elsewhere=self.told.append
        )

    def _view(self) -> dict[str, Any]:
        if self.refused is not None:
            raise self.refused
        return {"type": "modal"}

    def views_open(self, *, view: Any, **_: Any) -> None:
        self.opened.append(view)
        if self.loses_answer and len(self.opened) == 1:
            self.error = "exchanged_trigger_id"
            raise TimeoutError
        if self.error:
            raise SlackApiError("no", SimpleNamespace(get={"error": self.error}.get, status_code=200))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("refused", [None, NoSuchRun()], ids=["form", "refusal"])
def test_nobody_reads_an_error_beside_an_open_form(refused: Exception | None) -> None:
    """The same command or press came twice, over two connections or to two processes."""
    second = Asked(error="exchanged_trigger_id", refused=refused)
    second.opening()._open()
    assert (len(second.opened), second.told) == (1, [])


def test_nobody_reads_an_error_beside_a_form_whose_opening_slack_could_not_confirm() -> None:
    asked = Asked(loses_answer=True)
    asked.opening()._open()
    assert asked.told == []


def test_when_the_time_is_up_no_window_is_tried_because_the_trigger_has_expired() -> None:
    late = Asked()
    late.opening()._give_up()
    assert (late.opened, late.told) == ([], ["Too late"])


def test_an_expired_trigger_is_used_once() -> None:
    late = Asked(error="expired_trigger_id")
    late.opening()._open()
    assert (len(late.opened), late.told) == (1, ["Too late"])
