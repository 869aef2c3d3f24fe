"""Findings about rows: schedules, users, links, tokens, notices and runs."""

import json
import re
from datetime import timedelta

import django
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bot import wiring
from bot.conf import Conf
from bot.doctor import database, people, results, schedules, workers
from bot.doctor.findings import Level
from bot.models import Notice, Run, SlackLink
from bot.web import tokens
from tests.doctor.test_parts import subject, told
from tests.factories import a_row, a_run


@pytest.mark.django_db
class TestRows:
    def test_schedules_that_can_not_be_sent_are_counted_and_named(self) -> None:
        for number in range(5):
            row = a_row(f"bad {number}", task="no.such")
            PeriodicTask.objects.filter(pk=row.pk).update(args='{"a": 1}')
        a_row("twice", kwargs='{"a": 1, "a": 2}')
        a_row("fine", task="celery.backend_cleanup", enabled=False)
        a_row("asleep", task="no.such.either", enabled=False)
        a_row("nameless", task="")
        PeriodicTask.objects.filter(pk=a_row("headers").pk).update(headers="[1]")
        a_row("over", expires=timezone.now() - timedelta(days=1))
        found = list(schedules.rows(wiring.celery_app(), timezone.now()))
        texts = [finding.found for finding in found]
        assert texts[:4] == [
            "11, of which 9 enabled",
            "the args of 5: bad 0, bad 1, bad 2 and 2 more",
            "the kwargs of 1: twice",
            "the headers of 1: headers",
        ]
        assert told(found)["past expiry"].found.startswith("1: over")
        assert told(found)["no task"].found == "1 schedule has no task: nameless"
        assert told(found)["unknown tasks"].found.startswith("of enabled schedules, 2: no.such, reports.tasks.nightly")
        assert "autodiscover_tasks" in told(found)["unknown tasks"].remedy

    @pytest.mark.parametrize(
        ("kwargs", "sent"),
        [
            ('{"a": [1.5, "x", null, {"b": "ü"}]}', True),
            ("", True),
            ('{"a": "\\ud800"}', False),
            ('{"a": NaN}', False),
            ('{"a": 1e999}', False),
            ('{"a": {"b": 1, "b": 2}}', False),
            ("[]", True),
            ("[1]", False),
            ('{"a": ' + "[" * 120 + "]" * 120 + "}", False),
            ('{"a": ' + "1" * 700 + "}", True),
            ('{"a": ' + "1" * 5000 + "}", False),
            ("{“a”: 1}", False),
            (json.dumps({"a": "x" * 2000}), True),
        ],
        ids=lambda value: str(value)[:20],
    )
    def test_arguments_that_can_not_be_sent_are_reported_as_bad_json(self, kwargs: str, sent: bool) -> None:
        PeriodicTask.objects.filter(pk=a_row().pk).update(kwargs=kwargs)
        assert ("bad JSON" not in told(schedules.rows(wiring.celery_app(), timezone.now()))) is sent

    def test_a_silent_beat_is_reported(self) -> None:
        row = a_row()
        now = timezone.now()
        assert told(schedules.schedules(subject()))["beat"].level is Level.NOTE
        for ago, level in ((timedelta(hours=1), Level.OK), (timedelta(days=2), Level.WARNING)):
            PeriodicTask.objects.filter(pk=row.pk).update(last_run_at=now - ago)
            assert told(schedules.schedules(subject()))["beat"].level is level

    def test_queues_without_a_worker_are_reported(self) -> None:
        for number in range(3):
            a_row(f"r{number}", queue="reports")
        a_row("here")
        a_row("off", queue="nowhere", enabled=False)
        going = workers.destinations(wiring.celery_app())
        (finding,) = workers.unserved(*going, {"celery"})
        assert finding.found == "3 enabled schedules go where no live worker listens: reports (3)"
        assert finding.remedy == "Start one: celery -A PROJECT worker -Q reports"
        assert told(workers.unserved(*going, {"celery", "reports"}))["queues"].level is Level.OK

    def test_doctor_of_a_new_sidecar_with_its_own_database_says_how_to_create_a_user(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(people, "is_apart", lambda: True)
        found = told(people.staff(subject()))
        assert found["staff"].remedy == found["links"].remedy == people.CREATE

    def test_people_are_counted_with_their_present_rights(self) -> None:
        assert told(people.staff(subject()))["staff"].level is Level.PROBLEM
        assert "is_staff in the admin" in told(people.staff(subject()))["staff"].remedy
        ana = User.objects.create_user("ana", "Ana@x.org", is_staff=True)
        ben = User.objects.create_user("ben", "ana@x.org")
        User.objects.create_superuser("root", "ana@x.org")
        for user in (ana, ben):
            SlackLink.objects.create(team="T1", slack_user=user.username, user=user)
        found = list(people.staff(subject()))
        assert [(finding.what, finding.found) for finding in found] == [
            ("links", "2 Slack accounts, 1 of them to active staff"),
            ("links", "without effect, as their users aren't active staff: ben"),
            ("staff", "2 active users"),
            ("e-mail", "RUNTASK_LINK_BY_EMAIL is off: links are made by hand"),
        ]

    def test_people_whose_e_mail_can_not_link_them_are_named(self) -> None:
        for name, address in (("ana", "Ana@x.org"), ("anna", "ana@x.org"), ("cy", ""), ("di", "di@y.org"), ("eve", "")):
            User.objects.create_user(name, address, is_staff=True)
        User.objects.create_superuser("root", "")
        SlackLink.objects.create(team="T1", slack_user="U1", user=User.objects.get(username="eve"))
        by_email = Conf(link_by_email=True, email_domains=("x.org", "z.org"))
        found = [finding.found for finding in people.staff(subject(conf=by_email)) if finding.what == "e-mail"]
        assert found == [
            "staff who aren't superusers are linked on first use, by equal addresses of x.org, z.org",
            "2 staff without a fitting address: cy, di",
            "shared with other staff, so it links nobody: that of ana, anna",
        ]

    def test_a_site_whose_staff_are_all_superusers_is_told_that_e_mail_links_nobody(self) -> None:
        User.objects.create_superuser("root", "root@x.org")
        found = list(people.staff(subject(conf=Conf(link_by_email=True))))
        assert (found[-1].found, found[-1].remedy) == (
            "all staff are superusers: nobody can be linked by e-mail",
            people.LINK,
        )

    def test_a_site_where_nobody_can_be_linked_gets_a_warning(self) -> None:
        assert told(people.staff(subject()))["links"].level is Level.WARNING
        assert told(people.staff(subject(conf=Conf(link_by_email=True))))["links"].level is Level.NOTE

    def test_tokens_are_reported_before_they_expire(self) -> None:
        ana = User.objects.create_user("ana", is_staff=True)
        for name, days in (("old", -1), ("soon", 13), ("later", 15)):
            tokens.issue(ana, name, timedelta(days=days))
        found = [finding for finding in people.staff(subject()) if finding.what == "API tokens"]
        assert [re.sub(r"\d+ \(|\d{4}-\d\d-\d\d", "", finding.found) for finding in found] == [
            "1 expired: old, ana, )",
            "1 expire within two weeks: soon, ana, )",
        ]
        assert {finding.level for finding in found} == {Level.WARNING}

    def test_messages_that_are_not_delivered_are_reported(self) -> None:
        assert told(people.messages(subject()))["delivery"].level is Level.OK
        run, now = a_run(), timezone.now()
        Notice.objects.create(run=run, kind="root", rank=0, due_at=now - timedelta(minutes=5))
        assert "--no-deliver" in told(people.messages(subject()))["delivery"].remedy
        Notice.objects.create(run=run, kind="id", rank=1, due_at=now, attempts=9, problem="invalid_auth")
        assert "invalid_auth" in told(people.messages(subject()))["delivery"].found
        Notice.objects.create(run=a_run(), kind="root", rank=0, due_at=now, state="parked", problem="is_archived")
        assert "is_archived" in told(people.messages(subject()))["parked"].found

    def test_results_that_no_watcher_reads_are_reported(self) -> None:
        run = a_run()
        assert "watcher" not in told(results.results(subject()))
        Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=5))
        assert "--no-deliver" in told(results.results(subject()))["watcher"].remedy

    def test_tasks_that_ignore_results_are_reported_as_a_note(self) -> None:
        app = wiring.celery_app()
        a_row(task="celery.backend_cleanup")
        app.tasks["celery.backend_cleanup"].ignore_result = True
        try:
            assert told(results.results(subject()))["ignore_result"].level is Level.NOTE
        finally:
            app.tasks["celery.backend_cleanup"].ignore_result = False

    @pytest.mark.skipif(django.VERSION < (5, 1), reason="our options for SQLite need Django 5.1")
    def test_a_healthy_database_has_no_problem(self) -> None:
        found = told(database.database(subject()))
        assert {finding.level for finding in found.values()} <= {Level.OK, Level.NOTE}
        assert found["tables"].level is Level.OK
