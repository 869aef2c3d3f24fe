"""Runs that weren't started in Slack: runtask announces them there, and the admin links to their threads."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bot import conf, wiring
from bot.core.reasons import Code, Reason
from bot.models import Installation, Notice, NoticeState, Run, SlackLink
from bot.web import tokens
from localslack.testing import LocalSlack, Person
from tests.broker.waiting import wait_until
from tests.wire.conftest import OPS, Schedule
from tests.wire.test_destinations import ends
from tests.wire.test_thread import all_words, finished, run

pytestmark = pytest.mark.usefixtures("delivering")
HOSTILE = "<!channel> *boss* <@U0BEN>"


@pytest.fixture
def announced(slack: LocalSlack, settings: Any) -> Callable[..., None]:
    """Sets where runs are announced.

    Waits until the deliverer has saved its installation. A run that is asked for before that has no installation. It is
    announced when the token is checked the next time, and these tests don't wait for that.
    """

    def announce(where: Any) -> None:
        wait_until(Installation.objects.exists)
        settings.RUNTASK = {**settings.RUNTASK, "ANNOUNCE": where if isinstance(where, str) else json.dumps(where)}
        conf.conf.cache_clear()
        wiring.platform.cache_clear()

    return announce


def starts(user: User, schedule: str = "Nightly report", **more: Any) -> Run:
    """Starts a run through the API, with a token of this user."""
    headers = {"Authorization": f"Bearer {tokens.issue(user, 'CI')[1]}"}
    body = {"schedule": schedule, **more}
    answer = Client().post("/api/runs", json.dumps(body), "application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    return Run.objects.get(pk=answer.json()["run"])


def linked(user: User, account: str = "U0ANA") -> User:
    SlackLink.objects.create(team="T0LOCAL", slack_user=account, user=user)
    return user


def posted(slack: LocalSlack) -> set[str]:
    """The channels that were posted to."""
    return {call["channel"] for call in slack.calls("chat.postMessage")}


@pytest.fixture
def cara(slack: LocalSlack) -> User:
    """Staff without a Slack account."""
    return User.objects.create_user("cara", is_staff=True)


@pytest.mark.usefixtures("worker")
def test_a_run_from_a_script_is_announced_from_beginning_to_end(
    http_bot: LocalSlack, ana: Person, cara: User, schedule: Schedule, announced: Callable[..., None]
) -> None:
    schedule(kwargs='{"days": 7}')
    announced(OPS)
    stored = starts(cara, kwargs={"days": 30})
    root, [task_id, final] = finished(http_bot, ana)
    assert "*cara* ran" in all_words(root)
    assert "days: 7 -> 30" in all_words(root)
    assert f"`{stored.task_id}`" in all_words(task_id)
    assert "SUCCESS" in all_words(final)
    assert '"rows": 30' in all_words(final)


def test_a_requester_with_a_slack_account_is_mentioned(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, announced: Callable[..., None]
) -> None:
    schedule()
    announced(OPS)
    ends(starts(linked(User.objects.get(username="ana"))))
    root, [_, final] = finished(http_bot, ana)
    assert "<@U0ANA> ran" in all_words(root)
    assert "<@U0ANA>" in all_words(final)


def test_a_run_from_the_run_page_is_announced_too(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, announced: Callable[..., None], client: Client
) -> None:
    row = schedule()
    announced(OPS)
    client.force_login(User.objects.get(username="ana"))
    form = client.get("/", {"schedule": row.pk}).content.decode()
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    assert client.post("/", {**dict(hidden), "args": "[]", "kwargs": "{}"}).status_code == 302
    stored = Run.objects.get()
    ends(stored)
    root, _ = finished(http_bot, ana)
    assert "*ana* ran" in all_words(root)
    assert stored.entry == "web"


def test_a_requesters_name_can_not_mention_anybody(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, announced: Callable[..., None]
) -> None:
    schedule()
    announced(OPS)
    ends(starts(User.objects.create_user(HOSTILE, is_staff=True)))
    finished(http_bot, ana)
    for call in http_bot.calls("chat.postMessage") + http_bot.calls("chat.update"):
        assert "<!channel>" not in json.dumps(call)
        assert "<@U0BEN>" not in json.dumps(call)


def test_a_schedule_may_have_a_channel_of_its_own_or_none(
    http_bot: LocalSlack, ana: Person, cara: User, schedule: Schedule, announced: Callable[..., None]
) -> None:
    for name in ("Quiet", "Secret", "Other"):
        schedule(name)
    announced({"Quiet": "C0QUIET", "Secret": "", "*": OPS})
    secret, quiet, other = (starts(cara, name) for name in ("Secret", "Quiet", "Other"))
    for stored in (secret, quiet, other):
        ends(stored)
    root, _ = finished(http_bot, ana)
    assert "Other" in all_words(root)
    http_bot.wait_for(lambda: Notice.objects.filter(run=quiet, kind="final", state=NoticeState.SENT).exists())
    assert posted(http_bot) == {"C0QUIET", OPS}
    assert not Notice.objects.filter(run=secret).exists()


def test_without_a_slack_account_the_root_for_a_closed_channel_is_parked_with_the_reason(
    http_bot: LocalSlack, cara: User, schedule: Schedule, announced: Callable[..., None]
) -> None:
    schedule()
    announced(OPS)
    http_bot.control("channels", id=OPS, is_archived=True)
    starts(cara)
    http_bot.wait_for(lambda: Notice.objects.filter(kind="root", state=NoticeState.PARKED).exists())
    reason = Notice.objects.get(kind="root").reason
    assert reason == Reason(code=Code.NO_CHANNEL_NO_ACCOUNT, params={"channel": "is_archived"})


def test_with_a_slack_account_the_thread_for_a_closed_channel_is_a_direct_message(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, announced: Callable[..., None]
) -> None:
    schedule()
    announced(OPS)
    http_bot.control("channels", id=OPS, is_archived=True)
    ends(starts(linked(User.objects.get(username="ana"))))
    root, thread = finished(http_bot, ana, ana.dm())
    assert "archived" in all_words(root)
    assert len(thread) == 2


def test_a_run_from_slack_is_reported_only_where_it_was_started(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, announced: Callable[..., None]
) -> None:
    row = schedule()
    announced("C0QUIET")
    ends(run(http_bot, ana, row))
    finished(http_bot, ana)
    assert posted(http_bot) == {OPS}


def test_the_admin_leads_to_the_thread_even_when_slack_is_away(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, client: Client
) -> None:
    ends(run(http_bot, ana, schedule()))
    root, _ = finished(http_bot, ana)
    client.force_login(User.objects.create_superuser("root"))
    address = f"/admin/runtask/run/{Run.objects.get().pk}/change/"
    link = f'<a href="{http_bot.url}/archives/{OPS}/p{root["ts"].replace(".", "")}">open in Slack</a>'
    http_bot.fault("http500", method="auth.test", count=0)
    wiring.installation.cache_clear()
    assert link in client.get(address).content.decode()
