"""`runtask audit`, and the records of other commands in the audit log."""

import json
import os
import pwd
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from bot.core.audit import Act, Record, Who
from bot.core.entry import Entry
from bot.core.model import RunId, ScheduleId
from bot.models import ApiToken, AuditRecord, Person, SlackLink, atomic
from bot.runs import audit
from tests.audit import filled, records, told

pytestmark = pytest.mark.django_db
ME = pwd.getpwuid(os.getuid()).pw_name
ADA = Who(user="7", name="ada", team="T1", slack_user="U1")


def said(*arguments: str, command: str = "runtask_audit") -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=out)
    return out.getvalue()


def lines(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said("--json", *arguments).splitlines()]


def append(act: Act = Act.RUN_ASKED, **more: Any) -> AuditRecord:
    given: dict[str, Any] = {
        "entry": Entry.SLACK,
        "who": ADA,
        "schedule": ScheduleId(7),
        "schedule_name": "nightly report",
    }
    with atomic():
        audit.append(Record(act=act, **{**given, **more}))
    return records()[-1]


class TestOtherCommands:
    """Who called a command is known by the operating system's user."""

    @pytest.fixture(autouse=True)
    def _without_sudo(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SUDO_USER", raising=False)

    def test_adding_and_removing_a_link_is_recorded(self) -> None:
        for name in ("ana", "eva"):
            User.objects.create_user(name, is_staff=True)
            said("add", "U1", name, "--team", "T1", command="runtask_staff")
        said("remove", "U1", "--team", "T1", command="runtask_staff")
        said("list", command="runtask_staff")
        actions = ["link.added", "link.removed", "link.added", "link.removed"]
        assert told() == [(action, "command", ME) for action in actions]
        assert [str(row.about) for row in records()] == ["ana T1/U1", "ana T1/U1", "eva T1/U1", "eva T1/U1"]

    def test_adding_and_removing_a_token_is_recorded(self) -> None:
        User.objects.create_user("ana", is_staff=True)
        secret = said("add", "ana", "--name", "CI", command="runtask_token").splitlines()[-1]
        token = ApiToken.objects.get().pk
        said("remove", str(token), command="runtask_token")
        assert told() == [("token.added", "command", ME), ("token.removed", "command", ME)]
        assert {str(row.about) for row in records()} == {f"ana token {token}"}
        assert secret not in str([vars(row) for row in records()])

    def test_the_user_who_called_sudo_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUDO_USER", "zoe")
        User.objects.create_user("ana", is_staff=True)
        said("add", "U1", "ana", "--team", "T1", command="runtask_staff")
        assert told() == [("link.added", "command", f"zoe as {ME}")]


class TestPrinting:
    def test_a_line_of_json_has_the_documented_members(self) -> None:
        row = append(run=RunId(81), installation="T1/A1", details={"task_id": "x"})
        assert lines() == [
            {
                "at": row.at.isoformat(),
                "action": "run.asked",
                "person": {
                    "id": row.person_id,
                    "user": "7",
                    "name": "ada",
                    "team": "T1",
                    "slack_user": "U1",
                    "token": None,
                    "os_user": None,
                },
                "entry": "slack",
                "schedule": {"id": 7, "name": "nightly report"},
                "run": 81,
                "installation": "T1/A1",
                "count": 1,
                "details": {"task_id": "x"},
            }
        ]

    def test_missing_values_are_null(self) -> None:
        append(Act.PAUSED, who=None, schedule=None, entry=Entry.SYSTEM)
        [line] = lines()
        assert [line[name] for name in ("person", "schedule", "run", "installation")] == [None] * 4

    def test_without_json_records_are_readable_lines(self) -> None:
        append(run=RunId(81), details={"note": "a\nb"})
        [line] = said().splitlines()
        assert line.endswith('run.asked  slack  ada T1/U1  run 81  nightly report  {"note": "a\\nb"}')

    @pytest.mark.parametrize(
        ("arguments", "found"),
        [
            ([], "abc"),
            (["--since", "1d"], "c"),
            (["--since", "49h"], "bc"),
            (["--until", "1d"], "ab"),
            (["--since", "3d", "--until", "1d"], "b"),
            (["--person", "ada"], "ac"),
            (["--person", "U1"], "ac"),
            (["--person", "T1/U1"], "ac"),
            (["--person", "T2/U1"], None),
            (["--person", "root"], "b"),
            (["--person", "nobody"], None),
            (["--person", "#0"], None),
            (["--schedule", "7"], "a"),
            (["--schedule", "weekly"], "b"),
            (["--schedule", "week"], ""),
            (["--action", "run.sent"], "b"),
            (["--since", "1d", "--action", "run.sent"], ""),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else None,
    )
    def test_records_can_be_chosen(self, arguments: list[str], found: str | None) -> None:
        now = timezone.now()
        ada, root = (append(who=who).person for who in (ADA, Who(os_user="root")))
        AuditRecord.objects.all().expire(now + timedelta(days=1), 10)
        common = {"entry": "slack", "details": {}}
        filled(
            [
                AuditRecord(
                    at=now - timedelta(days=4), person=ada, action="run.asked", schedule_id=7, run_id=1, **common
                ),
                AuditRecord(
                    at=now - timedelta(days=2),
                    person=root,
                    action="run.sent",
                    schedule_name="weekly",
                    run_id=2,
                    **common,
                ),
                AuditRecord(at=now, person=ada, action="run.asked", run_id=3, **common),
            ]
        )
        if found is None:
            with pytest.raises(CommandError, match="has nobody of the name"):
                said(*arguments)
        else:
            assert "".join(" abc"[line["run"]] for line in lines(*arguments)) == found

    @pytest.mark.parametrize(
        ("name", "found"), [("eve", "ab"), ("root", "ac"), ("eve as root", "a"), ("ev", None), ("as", None)]
    )
    def test_somebody_who_used_sudo_is_found_by_both_names(self, name: str, found: str | None) -> None:
        for number, user in enumerate(("eve as root", "eve", "root", "steve as rooter"), 1):
            append(who=Who(os_user=user), run=RunId(number))
        if found is None:
            with pytest.raises(CommandError, match="has nobody of the name"):
                said("--person", name)
        else:
            assert "".join(" abcd"[line["run"]] for line in lines("--person", name)) == found

    def test_dates_are_in_the_sites_zone(self, settings: Any) -> None:
        settings.TIME_ZONE = "Asia/Tokyo"
        person, common = append().person, {"entry": "slack", "action": "run.asked", "details": {}}
        at = datetime.fromisoformat("2026-11-04T16:00:00+00:00")  # the 5th at 01:00 in the site's zone
        filled([AuditRecord(at=at, person=person, run_id=1, **common)])
        assert len(lines("--since", "2026-11-05", "--until", "2026-11-06T00:00")) == 1
        assert lines("--since", "2026-11-04T17:00+00:00", "--until", "2026-11-06") == []
        assert said().startswith("2026-11-05 01:00:00 JST  run.asked")

    @pytest.mark.parametrize("time", ["7", "yesterday", "7w", "2026-13-01", "-1d"])
    def test_a_time_that_cannot_be_read_is_refused(self, time: str) -> None:
        with pytest.raises(CommandError, match=r"not a time like 7d|expected one argument"):
            said("--since", time)

    def test_all_records_are_streamed_in_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bot.management.commands.runtask_audit.CHUNK", 3)
        at, common = timezone.now(), {"entry": "slack", "action": "run.asked", "details": {}}
        # Several records have the same moment, also at the end of a chunk.
        filled(
            [AuditRecord(at=at + timedelta(seconds=number // 4), run_id=number, **common) for number in range(1, 21)]
        )
        assert [line["run"] for line in lines()] == list(range(1, 21))


class TestForgetting:
    @pytest.fixture
    def ada(self) -> User:
        return User.objects.create_user("ada", is_staff=True)

    @pytest.fixture
    def boss(self) -> User:
        return User.objects.create_superuser("boss")

    @pytest.fixture(autouse=True)
    def acted(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ada acted as a user, with a token, and from Slack before and after her account was linked. Two others acted, too."""
        monkeypatch.delenv("SUDO_USER", raising=False)
        user, account = {"user": str(ada.pk), "name": "ada"}, {"team": "T1", "slack_user": "U1"}
        for who in (
            user,
            account,
            user | account,
            user | {"token": "3"},
            {"team": "T2", "slack_user": "U1"},
            {"os_user": "x"},
        ):
            append(who=Who(**who))

    def test_every_row_of_the_person_is_emptied_and_others_stay(self, boss: User) -> None:
        assert "4 rows" in said("forget", "ada", "--by", "boss")
        assert [(row.name, row.slack_user, row.team, row.os_user) for row in Person.objects.order_by("pk")] == [
            *[("", "", "", "")] * 4,
            ("", "U1", "T2", ""),
            ("", "", "", "x"),
            ("boss", "", "", ME),
        ]
        assert len(records(action="run.asked")) == 6
        everything = str(list(AuditRecord.objects.values())) + str(Person.objects.order_by("pk").values()[:4])
        assert "ada" not in everything
        assert "'U1'" not in everything

    def test_somebody_who_used_sudo_is_forgotten_by_their_own_name_only(self, boss: User) -> None:
        for user in ("eve as root", "root"):
            append(who=Who(os_user=user))
        assert "1 rows" in said("forget", "root", "--by", "boss")
        assert Person.objects.filter(os_user="eve as root").exists(), "this is eve's"
        assert "1 rows" in said("forget", "eve", "--by", "boss")
        assert not Person.objects.filter(os_user__contains="eve").exists()

    def test_forgetting_is_recorded_with_who_decided_it_and_who_did_it(self, boss: User) -> None:
        said("forget", "ada", "--by", "boss")
        forgotten = records(action="person.forgotten")
        assert {(str(row.person), row.entry) for row in forgotten} == {(f"boss {ME}", "command")}
        assert [line["details"]["about"]["id"] for line in lines("--action", "person.forgotten")] == [
            row.about_id for row in forgotten
        ]

    def test_a_forgotten_person_who_acts_again_is_a_new_person(self, ada: User, boss: User) -> None:
        said("forget", "ada", "--by", "boss")
        row = append(who=Who(user=str(ada.pk), name="ada"))
        assert Person.objects.filter(forgotten_at=None, name="ada").get() == row.person

    def test_forgetting_needs_the_decision_of_another_person_who_is_a_superuser(self, ada: User, boss: User) -> None:
        append(who=Who(user=str(boss.pk), name="boss"))
        for by, name in (("ada", "boss"), ("boss", "boss")):
            with pytest.raises(CommandError, match="superuser"):
                said("forget", name, "--by", by)
        User.objects.filter(pk=boss.pk).update(is_active=False)
        with pytest.raises(CommandError, match="superuser"):
            said("forget", "ada", "--by", "boss")
        assert not Person.objects.exclude(forgotten_at=None).exists()

    def test_an_unknown_person_is_reported(self, boss: User) -> None:
        for name in ("nobody", ""):
            with pytest.raises(CommandError, match="nobody of the name"):
                said("forget", name, "--by", "boss")
        with pytest.raises(CommandError, match="There is no user"):
            said("forget", "ada", "--by", "nobody")

    def test_a_person_is_found_by_their_present_name_and_by_their_link(self, ada: User, boss: User) -> None:
        append(who=Who(team="T3", slack_user="U3"))
        SlackLink.objects.create(team="T3", slack_user="U3", user=ada)
        User.objects.filter(pk=ada.pk).update(username="eva")
        assert "5 rows" in said("forget", "eva", "--by", "boss")

    def test_nobody_forgets_their_own_account(self, boss: User) -> None:
        append(who=Who(team="T3", slack_user="U3"))
        SlackLink.objects.create(team="T3", slack_user="U3", user=boss)
        with pytest.raises(CommandError, match="Another superuser"):
            said("forget", "U3", "--by", "boss")

    def test_a_user_who_was_deleted_is_found_by_their_name_in_the_log(self, ada: User, boss: User) -> None:
        ada.delete()
        assert "4 rows" in said("forget", "ada", "--by", "boss")
        assert not SlackLink.objects.exists()
