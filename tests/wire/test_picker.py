"""The picker finds schedules by what somebody types, however many there are."""

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from bot.broker.catalog import BeatCatalog
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import Schedule
from tests.wire.form import opened, picked


def typed(person: Person, query: str) -> list[str]:
    return person.labels(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, query)


def make_many(count: int) -> None:
    hourly = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"Report {n:05} of the department", task=f"shop.reports.task_{n}", interval=hourly)
        for n in range(count)
    )


def test_the_open_menu_lists_all_schedules_and_marks_disabled_ones(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("Backup")
    schedule("Audit", enabled=False)
    opened(bot, ana)
    assert typed(ana, "") == ["Audit (disabled)", "Backup"]


@pytest.mark.parametrize("query", ["report nightly", "NIGHT", "shop.reports.daily", "daily night"])
def test_words_match_in_any_order_in_name_and_task(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, query: str
) -> None:
    schedule("Nightly report", task="shop.reports.daily")
    schedule("Backup", task="shop.backup")
    opened(http_bot, ana)
    assert typed(ana, query) == ["Nightly report"]


def test_better_matches_come_first(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("a weekly sync report", task="x")
    schedule("other", task="shop.sync")
    schedule("sync", task="x")
    schedule("sync all", task="x")
    opened(http_bot, ana)
    assert typed(ana, "sync") == ["sync", "sync all", "a weekly sync report", "other"]


def test_case_is_ignored_beyond_ascii_too(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("Ärger mit Übertrag")
    opened(http_bot, ana)
    assert typed(ana, "ärger ÜBER") == ["Ärger mit Übertrag"]


@pytest.mark.parametrize("count", [250, 10_000])
def test_one_of_many_schedules_is_found_by_typing(
    http_bot: LocalSlack, ana: Person, slack: LocalSlack, count: int
) -> None:
    make_many(count)
    opened(http_bot, ana)
    answer = ana.suggests(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "")
    [group] = answer["option_groups"]
    assert group["label"]["text"] == f"100 of {count}, keep typing"
    assert len(group["options"]) == 100
    last = f"Report {count - 1:05} of the department"
    assert typed(ana, f"{count - 1:05} report") == [last]
    assert picked(http_bot, ana, last)
    assert not [entry for entry in slack.log("ack") if entry.get("error")]


def test_long_names_are_shortened_in_the_middle(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    name = "Import of the partner's feed " + "x" * 120 + " for "
    schedule(name + "Europe")
    schedule(name + "Asia", enabled=False)
    opened(http_bot, ana)
    asia, europe = typed(ana, "import")
    assert asia.startswith("Import of the partner")
    assert asia.endswith("for Asia (disabled)")
    assert europe.endswith("for Europe")
    assert len(asia) == len(europe) == 75
    assert asia.count("…") == 1


def test_names_that_grow_in_json_stay_below_the_frame_limit(socket_bot: LocalSlack, ana: Person) -> None:
    hourly = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"{n:03}" + "\N{PILE OF POO}" * 150, task="\N{PILE OF POO}" * 150, interval=hourly)
        for n in range(100)
    )
    opened(socket_bot, ana)
    [group] = ana.suggests(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "")["option_groups"]
    shown = len(group["options"])
    assert 10 < shown < 100
    assert group["label"]["text"] == f"{shown} of 100, keep typing"


def test_a_schedule_made_meanwhile_is_found(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("Backup")
    opened(http_bot, ana)
    assert typed(ana, "audit") == []
    schedule("Audit")
    assert typed(ana, "audit") == ["Audit"]


def test_the_picker_offers_nothing_to_somebody_who_lost_their_rights(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("Backup")
    opened(bot, ana)
    User.objects.update(is_staff=False)
    assert typed(ana, "") == []


def test_while_the_schedules_can_not_be_read_the_menu_is_empty(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule("Backup")
    opened(http_bot, ana)

    def fails(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(BeatCatalog, "find", fails)
    assert typed(ana, "backup") == []
