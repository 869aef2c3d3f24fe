"""Gives backends a long time to answer, because these tests aren't about time limits."""

import pytest

from bot.broker.outcomes import backend


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "FORM_LIMIT", 30.0)
    monkeypatch.setattr(backend, "PASS_LIMIT", 30.0)
