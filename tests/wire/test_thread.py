"""The messages of a run in its channel and thread, with a real worker."""

import json
import re
from typing import Any

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult

from bot.core.scrub import MASK
from bot.models import Notice, NoticeState, Run
from bot.runs import deliver
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, SCOPES, Schedule
from tests.wire.form import errors, inputs, opened, words

pytestmark = pytest.mark.usefixtures("delivering")
FINAL = re.compile(r"\b(SUCCESS|FAILURE|REVOKED)\b")


def run(slack: LocalSlack, person: Person, row: PeriodicTask, *, channel: str = OPS, kwargs: str | None = None) -> Run:
    opened(slack, person, f"/runtask {row.name}", channel)
    if kwargs is not None:
        person.fills("kwargs:", None, kwargs)
    assert person.submits()["closed"]
    return Run.objects.latest("pk")


def finished(slack: LocalSlack, person: Person, channel: str = OPS, replies: int = 2) -> tuple[dict, list[dict]]:
    """Waits until the root and its thread both show the end, and returns them."""

    def look() -> tuple[dict, list[dict]] | None:
        roots = person.messages(channel)
        thread = person.thread(channel, roots[-1]["ts"]) if roots else []
        done = len(thread) == replies and FINAL.search(roots[-1]["text"])
        return (roots[-1], thread) if done else None

    return slack.wait_for(look, 20)


def all_words(message: dict[str, Any]) -> str:
    return words(message["blocks"])


@pytest.mark.usefixtures("worker")
def test_the_thread_tells_a_run_from_beginning_to_end(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    stored = run(bot, ana, schedule(kwargs='{"days": 7}'), kwargs='{"days": 30}')
    root, [task_id, final] = finished(bot, ana)
    assert "&lt;@U0ANA&gt; ran" in all_words(root) or "<@U0ANA> ran" in all_words(root)
    assert "Nightly report" in all_words(root)
    assert "days: 7 -> 30" in all_words(root)
    assert "SUCCESS" in all_words(root)
    assert f"`{stored.task_id}`" in all_words(task_id)
    assert f"/runs/{stored.pk}/|result>" in all_words(task_id), "staff may not see the admin of all results"
    assert not FINAL.search(all_words(task_id))
    assert "SUCCESS" in all_words(final)
    assert "U0ANA" in all_words(final)
    assert '"rows": 30' in all_words(final)
    assert final["text"].startswith("Nightly report: SUCCESS after ")


@pytest.mark.usefixtures("worker")
def test_a_disabled_schedule_runs_and_stays_disabled(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule("Asleep", enabled=False)
    run(http_bot, ana, row)
    _, [_, final] = finished(http_bot, ana)
    assert "SUCCESS" in all_words(final)
    row.refresh_from_db()
    assert (row.enabled, row.last_run_at, row.total_run_count) == (False, None, 0)


@pytest.mark.usefixtures("worker")
def test_a_failure_brings_its_exception_and_traceback(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run(http_bot, ana, schedule("Fails", task="tests.wire.fail"))
    _, [_, final] = finished(http_bot, ana)
    assert "FAILURE" in all_words(final)
    assert "in fail" in all_words(final)
    assert "no <!channel> such *thing*" in all_words(final)  # in a preformatted block, where nothing is parsed
    assert "<!channel>" not in final["text"]
    for call in http_bot.calls("chat.postMessage"):
        assert "<!channel>" not in json.dumps([b for b in call["blocks"] if b["type"] != "rich_text"])


@pytest.mark.usefixtures("worker")
def test_a_huge_hostile_result_is_harmless(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run(http_bot, ana, schedule("Hostile", task="tests.wire.hostile"))
    _, [_, final] = finished(http_bot, ana)
    assert "Shortened from 200,0" in all_words(final)
    assert "<!channel> <@U0BEN> ```" in all_words(final)
    assert len(json.dumps(final)) < 10_000
    assert "<!channel>" not in final["text"]
    assert len(Run.objects.get().result) < 5_000


@pytest.mark.usefixtures("worker")
def test_the_thread_says_that_a_task_unknown_to_the_worker_failed(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    run(http_bot, ana, schedule("Unknown", task="nobody.knows"))
    _, [_, final] = finished(http_bot, ana)
    assert "FAILURE" in all_words(final)
    assert "NotRegistered" in all_words(final)


@pytest.mark.usefixtures("worker")
def test_progress_edits_the_root_and_posts_no_reply(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run(http_bot, ana, schedule("Slow", task="tests.wire.progress"), kwargs='{"steps": 10}')
    http_bot.wait_for(lambda: ana.messages(OPS) and "of 10" in all_words(ana.messages(OPS)[-1]), 20)
    finished(http_bot, ana)
    assert len(http_bot.calls("chat.postMessage")) == 3


def test_an_expired_run_says_that_it_was_revoked(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, request: pytest.FixtureRequest
) -> None:
    stored = run(http_bot, ana, schedule("Expires", expire_seconds=1))
    http_bot.wait_for(lambda: (timezone.now() - stored.created_at).total_seconds() > 1.5)
    request.getfixturevalue("worker")
    _, [_, final] = finished(http_bot, ana)
    assert "REVOKED" in all_words(final)
    assert "expired" in all_words(final)


def test_a_result_that_comes_before_anything_was_delivered_does_not_change_the_order(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    http_bot.fault("http500", method="chat.postMessage", count=2)
    stored = run(http_bot, ana, schedule())
    TaskResult.objects.create(task_id=stored.task_id, status="SUCCESS", result='"ok"')
    _, [task_id, final] = finished(http_bot, ana)
    assert stored.task_id in all_words(task_id)
    assert "SUCCESS" in all_words(final)


def test_the_thread_for_a_channel_closed_to_the_bot_is_a_direct_message(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    stored = run(bot, ana, schedule(), channel="G0SECRET")
    TaskResult.objects.create(task_id=stored.task_id, status="SUCCESS", result='"ok"')
    root, thread = finished(bot, ana, ana.dm())
    assert len(thread) == 2
    assert "<#G0SECRET>" in all_words(root).replace("&lt;", "<").replace("&gt;", ">")
    assert "not a member" in all_words(root)
    assert ana.messages("G0SECRET") == []


def test_a_public_channel_needs_no_invitation(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    stored = run(http_bot, ana, schedule(), channel="C0QUIET")
    TaskResult.objects.create(task_id=stored.task_id, status="SUCCESS", result='"ok"')
    finished(http_bot, ana, "C0QUIET")


def test_secret_looking_values_are_masked(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule("Sync", task="elsewhere.sync", kwargs='{"api_token": "old-secret", "days": 1}')
    stored = run(http_bot, ana, row, kwargs='{"api_token": "new-secret", "days": 2}')
    assert json.loads(stored.kwargs)["api_token"] == "new-secret"
    http_bot.wait_for(lambda: ana.messages(OPS))
    text = json.dumps(http_bot.calls("chat.postMessage"), ensure_ascii=False)
    assert "api_token: •••••• (a secret was changed)" in text
    assert "old-secret" not in text
    assert "new-secret" not in text


@pytest.mark.usefixtures("worker")
def test_a_secret_reaches_the_worker_and_nobody_else(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule(
        "Log in", task="tests.wire.log_in", args='["ana", "old-secret"]', kwargs='{"url": "amqp://a:old-pass@b"}'
    )
    form = opened(http_bot, ana, f"/runtask {row.name}", OPS)
    assert inputs(form) == {
        "args": f'[\n  "ana",\n  "{MASK}"\n]',
        "kwargs": f'{{\n  "url": "amqp://a:{MASK}@b"\n}}',
    }
    ana.fills("args:", None, f'["ben", "{MASK}"]')
    assert ana.submits()["closed"]
    root, [_, final] = finished(http_bot, ana)
    assert 'argument 1: "ana" -> "ben"' in all_words(root)
    assert f'"password": "{MASK}"' in all_words(final)
    assert f"\"echo\": \"{MASK} {{'url': 'amqp://a:{MASK}@b'}}\"" in all_words(final)
    for method in ("views.open", "views.update", "chat.postMessage", "chat.update"):
        assert "old-" not in json.dumps(http_bot.calls(method), ensure_ascii=False)
    assert json.loads(TaskResult.objects.get().result)["password"] == "old-secret"


def test_a_mask_without_a_secret_is_refused_at_its_field(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule("Log in", task="tests.wire.log_in", kwargs='{"days": 7}')
    opened(http_bot, ana, f"/runtask {row.name}", OPS)
    ana.fills("kwargs:", None, json.dumps({"token": MASK}))
    assert "none is stored at token" in errors(ana.submits())["kwargs"]
    assert not Run.objects.exists()


def test_a_message_whose_answer_was_lost_is_found_and_not_posted_again(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    http_bot.fault("lost_answer", method="chat.postMessage", count=1)
    stored = run(http_bot, ana, schedule())
    TaskResult.objects.create(task_id=stored.task_id, status="SUCCESS", result='"ok"')
    finished(http_bot, ana)
    assert len(ana.messages(OPS)) == 1


def test_without_history_scopes_a_message_whose_answer_was_lost_is_posted_twice(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    http_bot.config(scopes=[scope for scope in SCOPES if not scope.endswith(":history")])
    http_bot.fault("lost_answer", method="chat.postMessage", count=1)
    stored = run(http_bot, ana, schedule())
    TaskResult.objects.create(task_id=stored.task_id, status="SUCCESS", result='"ok"')
    finished(http_bot, ana)
    assert len(ana.messages(OPS)) == 2


def test_the_pause_that_slack_asks_for_is_kept(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    http_bot.fault("ratelimited", method="chat.postMessage", retry_after=1, count=1)
    stored = run(http_bot, ana, schedule())
    TaskResult.objects.create(task_id=stored.task_id, status="SUCCESS", result='"ok"')
    finished(http_bot, ana)
    assert len(http_bot.calls("chat.postMessage")) == 4


def test_a_message_slack_will_never_take_is_parked_with_the_reason(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "TRIES", 1)
    http_bot.fault("error", method="chat.postMessage", error="invalid_blocks", count=2)  # the short form fails, too
    run(http_bot, ana, schedule())
    http_bot.wait_for(lambda: Notice.objects.filter(state=NoticeState.PARKED).count() == 2)
    assert "invalid_blocks" in Notice.objects.get(kind="root").problem


def test_the_silence_of_workers_is_reported_and_a_late_result_still_arrives(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    stored = run(http_bot, ana, schedule("Lost"))
    Run.objects.update(deadline_at=timezone.now())
    http_bot.wait_for(lambda: ana.messages(OPS) and len(ana.thread(OPS, ana.messages(OPS)[-1]["ts"])) == 2)
    deadline = ana.thread(OPS, ana.messages(OPS)[-1]["ts"])[-1]
    assert "No word yet" in all_words(deadline)
    assert not FINAL.search(all_words(deadline))
    TaskResult.objects.create(task_id=stored.task_id, status="SUCCESS", result='"at last"')
    _, thread = finished(http_bot, ana, replies=3)
    assert "at last" in all_words(thread[-1])


@pytest.mark.usefixtures("worker")
def test_a_status_of_the_tasks_own_is_shown_if_no_end_comes(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    run(http_bot, ana, schedule("Cancelled", task="tests.wire.cancelled"))
    http_bot.wait_for(lambda: Run.objects.filter(status="CANCELLED").exists())
    Run.objects.update(deadline_at=timezone.now())
    http_bot.wait_for(lambda: len(ana.thread(OPS, ana.messages(OPS)[-1]["ts"])) == 2)
    root = ana.messages(OPS)[-1]
    assert "CANCELLED: stopped by hand" in all_words(ana.thread(OPS, root["ts"])[-1])
    http_bot.wait_for(lambda: "in state CANCELLED, no word since" in all_words(ana.messages(OPS)[-1]))


@pytest.mark.usefixtures("worker")
def test_a_task_whose_decorator_adds_an_argument_is_run(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run(http_bot, ana, schedule("Injected", task="tests.wire.injected", args="[7]"))
    _, [_, final] = finished(http_bot, ana)
    assert "7 days from a database" in all_words(final)


def test_messages_do_not_unfurl_links_and_their_metadata_names_the_run(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    stored = run(http_bot, ana, schedule())
    http_bot.wait_for(lambda: http_bot.calls("chat.postMessage"))
    call = http_bot.calls("chat.postMessage")[0]
    assert call["unfurl_links"] is False
    assert call["metadata"] == {
        "event_type": Id.NOTICE_EVENT,
        "event_payload": {"run": str(stored.pk), "kind": "root"},
    }
