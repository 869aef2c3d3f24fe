"""Plays the story in the project that DJANGO_SETTINGS_MODULE names. It ends with a traceback if a step fails."""

import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import django
import pytest
from celery.signals import before_task_publish
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

django.setup()
setup_test_environment()

from bot import wiring  # noqa: E402  # needs the project
from bot.broker.outcomes.rows import RowOutcomes  # noqa: E402
from bot.core.model import (  # noqa: E402
    ChannelId,
    Destination,
    NoticeKind,
    Place,
    RunId,
    RunRequest,
    ScheduleId,
    SlackAccount,
    SlackUserId,
)
from bot.core.reasons import Code  # noqa: E402
from bot.core.secrets import WORDS  # noqa: E402
from bot.core.status import RunState  # noqa: E402
from bot.models import Notice, NoticeState, Run, SlackLink, database_of  # noqa: E402
from bot.runs import actors, favourites, see, start  # noqa: E402
from bot.runs.budget import Budget  # noqa: E402
from bot.runs.cleanup import forget_gone_users, forget_old_runs  # noqa: E402
from bot.runs.deliver import Deliverer  # noqa: E402
from bot.runs.door import Admitted, admit  # noqa: E402
from bot.runs.follow import follow  # noqa: E402
from bot.runs.loops import Watcher, delivery_step  # noqa: E402
from bot.runs.refusals import NotAllowed  # noqa: E402
from bot.runs.report import Site  # noqa: E402
from bot.slack import messages  # noqa: E402
from tests.factories import INSTALLATION, TEAM  # noqa: E402
from tests.fakes import FakeMessenger  # noqa: E402
from tests.support.worker import working  # noqa: E402

UNDER_WAY = (NoticeState.OWED, NoticeState.CLAIMED)


@dataclass
class Story:
    """The project's people and schedule."""

    user: Any
    schedule: Any
    messenger: FakeMessenger = field(default_factory=FakeMessenger)

    @property
    def admitted(self) -> Admitted:
        return admit(wiring.platform(), actors.of_user(self.user))

    def request(self, key: str) -> RunRequest:
        return RunRequest(
            key=key,
            schedule=ScheduleId(self.schedule.pk),
            args=None,
            kwargs=None,
            fingerprint=None,
            # Each run has its own channel, so that none waits for Slack's pace.
            destination=Destination(
                installation=INSTALLATION,
                place=Place(channel=ChannelId(f"C{key.upper()}")),
                requester=SlackAccount(team=TEAM, user=SlackUserId("U1")),
            ),
        )

    def starts(self, key: str) -> Run:
        """Starts a run in a thread of a pool, as web servers and Socket Mode do."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: start.start(self.admitted, self.request(key), Budget(5.0))).result()

    def follows(self, run: Run) -> Run:
        seen = follow(self.admitted, RunId(run.pk))
        assert seen is not None
        return seen.run

    def step(self) -> None:
        """Lets the watcher and the deliverer each do a step."""
        Watcher(RowOutcomes(), deadline=60, wake=lambda: None, secret_keys=WORDS).step()
        deliverer = Deliverer(self.messenger, Site(base_url="https://shop.example.com"))
        until(lambda: delivery_step(deliverer) and not Notice.objects.filter(state__in=UNDER_WAY).exists())
        deliverer.drain(10)

    def said(self, run: Run) -> str:
        reports = [report for report in self.messenger.posts if report.run == run.pk]
        return "\n".join(f"{report.kind}: {messages.message(report)['text']}" for report in reports)


def until(condition: Callable[[], object], patience: float = 20.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def prepared() -> Story:
    for alias in settings.DATABASES:
        if alias != "replica":
            call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
    replicate()
    call_command("makemigrations", "runtask", check=True, dry_run=True, verbosity=0)
    user: Any = apps.get_model(settings.AUTH_USER_MODEL)(mail="Ana@Example.com")
    if hasattr(user, "is_staff"):
        user.is_staff = user.is_superuser = True
    user.save()
    model = apps.get_model("django_celery_beat", "PeriodicTask")
    night = apps.get_model("django_celery_beat", "CrontabSchedule").objects.create(minute="0", hour="2")
    schedule = model.objects.create(
        name="Nightly report",
        task="tests.wire.report",
        kwargs='{"days": 7}',
        crontab=night,
        expires=timezone.now() + timedelta(hours=1),
    )
    replicate()
    return Story(user, schedule)


def replicate() -> None:
    """Copies the database to the replica for the last time."""
    if "replica" in settings.DATABASES:
        shutil.copyfile(settings.DATABASES["default"]["NAME"], settings.DATABASES["replica"]["NAME"])


def a_run_from_begin_to_end(story: Story) -> None:
    SlackLink.objects.create(team="T1", slack_user="U1", user=story.user, checked_at=timezone.now())
    assert see.preview(story.admitted, ScheduleId(story.schedule.pk)) is not None
    run = story.starts("one")
    assert story.starts("one").pk == run.pk
    story.step()
    with working(wiring.celery_app()):
        until(lambda: story.follows(run).state == RunState.FINISHED)
    story.step()
    run.refresh_from_db()
    assert (run.state, run.status, run.user) == (RunState.FINISHED, "SUCCESS", story.user), run.status
    assert run.finished_at is not None
    assert abs(timezone.now() - run.finished_at) < timedelta(minutes=1)
    assert abs(timezone.now() - run.created_at) < timedelta(minutes=1)
    said = story.said(run)
    assert "final: Nightly report: SUCCESS" in said, said
    results: Any = apps.get_model("django_celery_results", "TaskResult")
    result = results.objects.using(database_of(results)).get(task_id=run.task_id)
    assert result.periodic_task_name == "Nightly report"


def a_change_counts_at_once(story: Story) -> None:
    """Also where reads go to a replica that doesn't have the change yet."""
    catalog, key = wiring.catalog(), ScheduleId(story.schedule.pk)
    assert catalog.find("nightly", 5).total == 1
    story.schedule.name = "Nightly sums"
    story.schedule.save()
    for found in (catalog.get(key), *catalog.briefs([key]), *catalog.find("nightly", 5).first):
        assert found is not None
        assert found.name == "Nightly sums"
    story.schedule.name = "Nightly report"
    story.schedule.save()


def a_favourite(story: Story) -> None:
    schedule = ScheduleId(story.schedule.pk)
    assert not favourites.holds(story.admitted, schedule)
    favourites.add(story.admitted, schedule)
    assert favourites.holds(story.admitted, schedule)
    favourites.remove(story.admitted, schedule)


def a_run_without_a_word(story: Story) -> None:
    run = story.starts("two")
    Run.objects.filter(pk=run.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
    story.step()
    run.refresh_from_db()
    assert run.state == RunState.OVERDUE
    assert "deadline:" in story.said(run)
    assert not Notice.objects.exclude(state=NoticeState.SENT).exclude(kind=NoticeKind.PROGRESS).exists()


def a_run_from_the_web(story: Story) -> None:
    client = Client()
    client.force_login(story.user)
    opened = client.get(f"/tools/runtask/?schedule={story.schedule.pk}")
    assert opened.status_code == 200, opened
    values = {name: opened.context[name] for name in ("form_id", "fingerprint")}
    before_task_publish.connect(nothing_is_open)
    sent = client.post(
        "/tools/runtask/",
        {
            "form": values["form_id"],
            "schedule": story.schedule.pk,
            "fingerprint": values["fingerprint"],
            "kwargs": "{}",
        },
    )
    assert sent.status_code == 302, sent.content.decode()
    for address in (sent.headers["Location"], "/tools/runtask/", "/office/", *admin_pages()):
        shown = client.get(address)
        assert shown.status_code == 200, (address, shown)


def admin_pages() -> list[str]:
    """Returns the addresses of the admin's pages that exist; a project's own admin site may have none."""
    names = ["runtask_run", "runtask_notice", "runtask_slacklink", "django_celery_beat_periodictask"]
    with suppress(NoReverseMatch):
        lists = [reverse(f"admin:{name}_changelist") for name in names]
        run = reverse("admin:runtask_run_change", args=[Run.objects.latest("pk").pk])
        return [*lists, run, reverse("admin:runtask_slacklink_add")]
    return []


def nothing_is_open(**_: Any) -> None:
    """Checks that the run is committed before its message is sent."""
    assert not any(connection.in_atomic_block for connection in connections.all(initialized_only=True))


def its_metrics(**expected: float) -> None:
    """Checks the metrics, by their names without the prefix."""
    told = Client().get("/tools/runtask/metrics", headers={"Authorization": "Bearer only-for-prometheus"})
    assert told.status_code == 200, told
    found = {
        sample.name.removeprefix("runtask_"): sample.value
        for family in text_string_to_metric_families(told.content.decode())
        for sample in family.samples
        if "SUCCESS" in sample.labels.values() or not sample.labels
    }
    assert {**found, **expected} == found
    assert found["oldest_open_run_seconds"] < 60, found


def forgetting(story: Story) -> None:
    forget_gone_users()
    assert SlackLink.objects.filter(user=story.user).exists()
    Run.objects.update(deadline_at=timezone.now() - timedelta(days=3))
    assert forget_old_runs(INSTALLATION, knowingly=True, keep=timedelta(days=2), now=timezone.now() + timedelta(days=2))


def nobody_may_act(story: Story) -> None:
    with pytest.raises(NotAllowed, match=Code.NOT_STAFF):
        story.starts("one")


def main() -> None:
    story = prepared()
    if not hasattr(story.user, "is_staff"):
        nobody_may_act(story)
        its_metrics(runs=0)
        return
    a_run_from_begin_to_end(story)
    a_favourite(story)
    a_change_counts_at_once(story)
    a_run_without_a_word(story)
    a_run_from_the_web(story)
    its_metrics(runs=1, failing_notices=0)
    forgetting(story)
    call_command("check", fail_level="WARNING")


if __name__ == "__main__":
    main()
