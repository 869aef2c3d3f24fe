"""Audit records are saved in the transaction of the change that they describe, are written to the log, and never change."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given

from bot.core.audit import Act, Record, Who
from bot.core.entry import Entry
from bot.core.reasons import Code, Reason
from bot.models import AppendOnly, AuditRecord, Person, Run, atomic
from bot.runs import audit, clock, finish
from tests.audit import records, told
from tests.core import strategies
from tests.factories import ADA, TEAM
from tests.runs.conftest import Door


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_no_record_and_no_line(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    run = door.start()
    before = told()
    caplog.clear()
    with caplog.at_level(logging.INFO, "runtask.audit"), atomic():
        finish.end_unseen(run.pk, Reason(code=Code.NEVER_HEARD), now=clock.now())
        assert told() == [*before, ("run.ended", "system", "")]
        transaction.set_rollback(True)
    assert told() == before
    assert not [line for line in caplog.records if line.name == "runtask.audit"]
    run.refresh_from_db()
    assert run.state == "sent"


@pytest.mark.django_db
def test_the_record_of_an_end_has_the_reason_that_the_thread_has(door: Door) -> None:
    run = door.start()
    Run.objects.filter(pk=run.pk).update(unseen_because=Reason(code=Code.NO_RESULTS).dump())
    assert finish.end_unseen(run.pk, Reason(code=Code.NEVER_HEARD), now=clock.now())
    assert records()[-1].details["code"] == Code.NO_RESULTS


@pytest.mark.django_db(transaction=True)
def test_a_record_needs_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        audit.append(Record(act=Act.PAUSED, entry=Entry.SYSTEM))


@pytest.mark.django_db(transaction=True)
def test_the_logger_has_one_line_of_json_for_each_record(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "runtask.audit"):
        run = door.start()
    lines = [json.loads(record.message) for record in caplog.records if record.name == "runtask.audit"]
    assert [line["action"] for line in lines] == ["run.asked", "run.sent"]
    asked = lines[0]
    assert asked["person"] == {"user": door.actor.user, "team": TEAM, "slack_user": ADA}
    assert (asked["entry"], asked["schedule"], asked["run"]) == ("slack", {"id": 7, "name": "nightly report"}, run.pk)
    assert asked["details"] == records()[0].details


@given(name=strategies.text, detail=strategies.text)
@pytest.mark.django_db
def test_hostile_text_stays_in_its_line(name: str, detail: str) -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    audit.log.addHandler(handler)
    audit.log.setLevel(logging.INFO)
    who = Who(user="1", name=name, os_user=name)
    try:
        with pytest.MonkeyPatch.context() as patch, atomic():
            patch.setattr(transaction, "on_commit", lambda call, using: call())
            audit.append(
                Record(act=Act.PAUSED, entry=Entry.COMMAND, who=who, details={"reason": detail, detail: [detail]})
            )
    finally:
        audit.log.removeHandler(handler)
        audit.log.setLevel(logging.NOTSET)
    [line] = lines
    assert line.isprintable()
    assert line.isascii()
    assert json.loads(line)["action"] == "paused"
    assert len(AuditRecord.objects.order_by("pk").last().person.name) <= 150


class TestAppendOnly:
    """Neither Django's models nor its querysets change or delete a record."""

    @pytest.mark.parametrize(
        "change",
        [
            lambda rows, row: rows.update(entry="web"),
            lambda rows, row: rows.delete(),
            lambda rows, row: rows.filter(pk=row.pk).delete(),
            lambda rows, row: rows.bulk_update([row], ["entry"]),
            lambda rows, row: rows.bulk_create([row], update_conflicts=True),
            lambda rows, row: rows.create(entry="web"),
            lambda rows, row: rows.update_or_create(pk=row.pk, defaults={"entry": "web"}),
            lambda rows, row: row.save(),
            lambda rows, row: row.delete(),
            lambda rows, row: AuditRecord.objects.update(entry="web"),
            lambda rows, row: AuditRecord._base_manager.all().delete(),
        ],
        ids=range(11),
    )
    def test_a_change_of_a_record_is_refused(self, door: Door, change: Callable[[Any, Any], object]) -> None:
        door.start()
        row = records()[0]
        with pytest.raises(AppendOnly):
            change(AuditRecord.objects.all(), row)
        assert [action for action, *_ in told()] == ["run.asked", "run.sent"]

    def test_a_person_with_records_is_not_deleted(self, door: Door) -> None:
        door.start()
        with pytest.raises(IntegrityError):
            Person.objects.all().delete()


class TestPeople:
    def test_a_user_has_a_row_for_each_account_and_a_new_name_changes_the_row(self, door: Door) -> None:
        actor = door.actor
        for who in (
            actor,
            replace(actor, slack=None),
            replace(actor, slack=None, token="3"),
            replace(actor, name="eva"),
        ):
            with atomic():
                audit.append(Record(act=Act.PAUSED, entry=who.entry, who=Who.of(who)))
        assert [str(row.person) for row in records()] == [
            f"eva {TEAM}/{ADA}",
            "ada",
            "ada token 3",
            f"eva {TEAM}/{ADA}",
        ]

    def test_a_known_person_costs_one_statement(self, door: Door) -> None:
        record = Record(act=Act.PAUSED, entry=Entry.SLACK, who=Who.of(door.actor))
        with atomic():
            audit.append(record)
        with atomic(), CaptureQueriesContext(connection) as asked:
            audit.append(record)
        assert len(asked) == 1


def test_the_audit_log_adds_two_inserts_to_a_start(door: Door) -> None:
    """The records also make a transaction necessary. Slack waits for the answer, so each statement counts."""
    door.start(replace(door.request, key="slack:V0"))
    with CaptureQueriesContext(connection) as asked:
        door.start()
    ours = [query["sql"] for query in asked.captured_queries if "runtask_audit" in query["sql"]]
    assert len(ours) == 2
    assert all("INSERT INTO" in sql for sql in ours)
