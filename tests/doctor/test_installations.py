"""Findings about several installations on one database, and about wrong clocks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bot.conf import Conf
from bot.doctor import database, people
from bot.doctor.findings import Level
from bot.models import Installation
from bot.runs import clock
from tests.doctor.test_parts import subject, told
from tests.factories import NOW, slack_says


@pytest.mark.django_db
def test_a_wrong_clock_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(database.database(subject()))["clock"].level is Level.OK
    monkeypatch.setattr(clock, "ahead", lambda: timedelta(seconds=600))
    found = told(database.database(subject()))["clock"]
    assert (found.level, found.found) == (Level.WARNING, "this machine is 600 s ahead of the database")


@pytest.mark.django_db
def test_each_installation_is_reported() -> None:
    seen = {"seen_at": timezone.now(), "address": "https://shop.slack.com/"}
    Installation.objects.create(key="T1/A1", **seen)
    Installation.objects.create(key="T1/A2", **seen | {"seen_at": NOW})
    Installation.objects.create(key="T2/A3", **seen, problem=slack_says("token_revoked").dump())
    found = told(people.messages(subject()))
    assert [found[f"installation {key}"].level for key in ("T1/A1", "T1/A2", "T2/A3")] == [
        Level.OK, Level.NOTE, Level.PROBLEM,
    ]  # fmt: skip
    assert "token_revoked" in found["installation T2/A3"].found
    assert "installation" not in found
    announced = told(people.messages(subject(conf=Conf(announce={"*": "C0123456789"}))))
    assert "T1/A1/C…" in announced["installation"].remedy
    named = Conf(announce={"*": "T1/A1/C0123456789"})
    assert "installation" not in told(people.messages(subject(conf=named)))
