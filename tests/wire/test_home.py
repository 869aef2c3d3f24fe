"""The Home tab: what people read there, and when it is published."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from slack_sdk import WebClient

from bot import wiring
from bot.models import Home, Run, SlackLink
from bot.runs import homes
from bot.slack import texts
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import CACHED, OPS, Schedule
from tests.wire.ended import an_ended_run
from tests.wire.form import shown
from tests.wire.homes import buttons_of, home_of, newer, says, version
from tests.wire.test_destinations import ends
from tests.wire.test_thread import run

Json = dict[str, Any]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop looks every 0.1 s."""
    monkeypatch.setattr(homes, "EVERY", 0.1)


def publications(slack: LocalSlack) -> list[Json]:
    return slack.calls("views.publish")


def test_on_their_first_visit_people_read_what_to_do(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    """Opening Home also links Ana's account, by e-mail."""
    schedule()
    home = home_of(bot, ana)
    for text in (texts.HOME_NOTHING_RUNNING, texts.HOME_NO_FAVOURITES, texts.HOME_NO_RUNS):
        assert text in shown(home)
    assert [action for action, _ in buttons_of(home)] == [Id.HOME_RUN]
    assert home["callback_id"] == Id.HOME


def test_where_there_are_no_schedules_there_is_nothing_to_press(http_bot: LocalSlack, ana: Person) -> None:
    home = home_of(http_bot, ana)
    assert "There are no schedules yet" in shown(home)
    assert buttons_of(home) == []


@pytest.mark.parametrize(
    ("user", "said"),
    [
        pytest.param("U0BEN", "isn't a staff account", id="a colleague who isn't staff"),
        pytest.param("U0CARA", "`runtask staff add U0CARA YOUR-USER-NAME`", id="nobody of the site"),
        pytest.param("U0GIL", "Guests of this workspace", id="a guest"),
    ],
)
def test_people_without_access_read_only_how_to_get_it(
    http_bot: LocalSlack, ben: Person, schedule: Schedule, user: str, said: str
) -> None:
    colleague = User.objects.get(username="ben")
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0BEN", user=colleague)
    an_ended_run(schedule("Operation Nightfall"), user=colleague)
    person = http_bot.person(user)
    home = home_of(http_bot, person)
    assert said in shown(home)
    assert "Nightfall" not in str(home)
    assert buttons_of(home) == []


def test_home_shows_runs_newest_first_with_their_states(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule
) -> None:
    now = timezone.now()
    row = schedule()
    other = User.objects.create_user("cara", is_staff=True)
    an_ended_run(row, user=other, schedule_name="Somebody else's")
    an_ended_run(row, user=ana_of_the_site, started_at=now - timedelta(seconds=72), finished_at=now)
    failed = an_ended_run(row, user=ana_of_the_site, schedule_name="<!channel> *Bad* & `news`", status="FAILURE")
    an_ended_run(row, user=other, state="running", status="STARTED", schedule_name="Theirs", slack_user="U0CARA")
    mine = an_ended_run(row, user=ana_of_the_site, state="sent", status="", schedule_name="Mine")
    read = shown(home_of(http_bot, ana))
    assert "Somebody else's" not in read
    assert "<!channel>" not in read
    assert read.index("Mine") < read.index("Theirs") < read.index("Bad") < read.index("Nightly report")
    assert "*SUCCESS* after 1 min 12 s" in read
    assert "You asked for it" in read
    assert "<@U0CARA> asked for it" in read.replace("&lt;", "<").replace("&gt;", ">")
    home = ana.home()
    assert home is not None
    assert (Id.HOME_STOP, str(mine.pk)) in buttons_of(home)
    assert buttons_of(home)[-2] == (Id.HOME_RUN_AGAIN, str(failed.pk))


@pytest.mark.usefixtures("delivering", "quick")
def test_an_open_home_follows_the_readers_own_runs(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    home_of(bot, ana)
    started = run(bot, ana, schedule())
    says(bot, ana, "Nightly report")
    ends(started)
    read = says(bot, ana, "*SUCCESS*")
    assert texts.HOME_NOTHING_RUNNING in read


@pytest.mark.usefixtures("delivering", "quick")
def test_a_run_refreshes_neither_other_peoples_home_nor_one_opened_long_ago(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    User.objects.create_user("cara", "cara@example.com", is_staff=True)
    cara = http_bot.person("U0CARA")
    row = schedule()
    home_of(http_bot, cara)
    home_of(http_bot, ana)
    http_bot.wait_for(lambda: not Home.objects.filter(shown=None).exists())
    Home.objects.filter(slack_user="U0ANA").update(opened_at=timezone.now() - homes.RECENT * 2)
    caras, anas = version(cara), version(ana)
    ends(run(http_bot, ana, row))
    http_bot.wait_for(lambda: Run.objects.filter(state="finished").exists())
    fresh = run(http_bot, cara, row)
    newer(http_bot, cara, caras)
    assert version(ana) == anas
    assert fresh.user is not None


@pytest.mark.usefixtures("quick")
def test_another_process_refreshes_a_home_that_was_opened_before(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule
) -> None:
    home_of(http_bot, ana)
    http_bot.wait_for(lambda: not Home.objects.filter(shown=None).exists())
    an_ended_run(schedule(), user=ana_of_the_site)
    for cached in CACHED:
        cached.cache_clear()
    for _ in looping():
        says(http_bot, ana, "*SUCCESS*")


def looping() -> Iterator[None]:
    """The loops of a process that starts and ends here."""
    loops, deliverer = wiring.background()
    for loop in loops:
        loop.start()
    yield
    for loop in loops:
        loop.stop(10)
    deliverer.drain(10)


@pytest.mark.usefixtures("delivering", "quick")
def test_an_unknown_newer_view_on_home_is_replaced(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    """A process that dies right after publishing leaves such a view."""
    row = schedule()
    home_of(http_bot, ana)
    http_bot.wait_for(lambda: not Home.objects.filter(shown=None).exists())
    client = WebClient(http_bot.bot_token, base_url=http_bot.api_url)
    client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [{"type": "divider"}]})
    run(http_bot, ana, row)
    says(http_bot, ana, "Nightly report")
    http_bot.wait_for(lambda: Home.objects.get().hash == version(ana))
    conflicts = [one for one in http_bot.log("api", "views.publish") if one["response"].get("error") == "hash_conflict"]
    assert len(conflicts) == 1


@pytest.mark.usefixtures("delivering", "quick")
@pytest.mark.parametrize("fault", ["ratelimited", "fatal_error", "http500"])
def test_a_view_that_slack_does_not_take_is_published_again_soon(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(homes, "CLAIM", timedelta(seconds=0.5))
    schedule()
    http_bot.fault(fault, method="views.publish", retry_after=1, count=2)
    ana.opens_home()
    says(http_bot, ana, texts.HOME_NOTHING_RUNNING)
    assert len(publications(http_bot)) == 3


def test_the_messages_tab_and_events_of_other_workspaces_publish_nothing(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    ana.opens_home("messages")
    home_of(http_bot, ana)
    opened = http_bot.deliveries("event_callback")[-1]
    before = version(ana)
    elsewhere = [{**opened["authorizations"][0], "team_id": "T0ELSE"}]
    http_bot.deliver("event_callback", {**opened, "authorizations": elsewhere, "event_id": "Ev1"})
    http_bot.deliver("event_callback", {**opened, "event": {**opened["event"], "user": "U0CARA"}, "event_id": "Ev2"})
    http_bot.wait_for(http_bot.person("U0CARA").home)
    assert version(ana) == before
    assert Home.objects.count() == 2


def test_an_event_that_comes_twice_does_no_harm(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    home_of(http_bot, ana)
    event = http_bot.deliveries("event_callback")[0]
    http_bot.deliver("event_callback", event)
    http_bot.deliver("event_callback", {**event, "event_id": "Ev1"})
    assert texts.HOME_NO_RUNS in shown(home_of(http_bot, ana))
    assert Home.objects.count() == 1


@pytest.mark.parametrize("action", [Id.HOME_RUN_AGAIN, Id.HOME_STOP, Id.HOME_RUN_FAVOURITE, Id.HOME_UNSTAR])
@pytest.mark.parametrize("value", ["999999999", "-1", str(2**70)])
def test_a_press_for_something_that_does_not_exist_is_answered(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule, action: Id, value: str
) -> None:
    """Only a modified client sends this."""
    an_ended_run(schedule(), user=ana_of_the_site, state="sent")
    before = home_of(http_bot, ana)["hash"]
    ana.presses_home(Id.HOME_STOP)
    http_bot.wait_for(lambda: http_bot.deliveries("block_actions"))
    after_stop = newer(http_bot, ana, before)["hash"]
    payload = http_bot.deliveries("block_actions")[-1]
    forged = {**payload["actions"][0], "action_id": action, "value": value, "action_ts": "1.5"}
    http_bot.deliver("block_actions", {**payload, "actions": [forged]})
    if action is Id.HOME_UNSTAR:
        newer(http_bot, ana, after_stop)  # it is no mistake to remove a favourite that isn't there
    elif action is Id.HOME_RUN_FAVOURITE:
        assert "no longer exists" in shown(http_bot.wait_for(ana.modal))
    else:
        assert "There is no such run" in shown(http_bot.wait_for(ana.modal))
    if action is Id.HOME_STOP:
        newer(http_bot, ana, after_stop)
    assert Run.objects.count() == 1


def test_logs_hold_nothing_that_home_shows(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    an_ended_run(schedule(kwargs='{"region": "stored-by-a-person"}'), user=ana_of_the_site)
    home_of(http_bot, ana)
    ana.presses_home(Id.HOME_RUN_AGAIN)
    trigger = http_bot.wait_for(lambda: http_bot.deliveries("block_actions"))[-1]["trigger_id"]
    http_bot.wait_for(ana.modal)
    for secret in ("stored-by-a-person", trigger, http_bot.bot_token):
        assert secret not in caplog.text
    assert ana.ephemerals(OPS) == []
