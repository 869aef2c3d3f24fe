"""The bot runs in this process, and talks to the local Slack over the wire. The database is real, the broker in memory."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from bot import conf, wiring
from bot.models import SlackLink
from bot.slack.manifest import manifest
from localslack.testing import LocalSlack, Person
from tests.support.worker import working

OPS = "C0OPS"
MANIFEST = manifest("/runtask")
SCOPES = MANIFEST["oauth_config"]["scopes"]["bot"]
CACHED: list[Any] = [
    conf.conf,
    wiring.celery_app,
    wiring.catalog,
    wiring.sources,
    wiring.platform,
    wiring.installation,
    wiring.identity,
    wiring.audiences,
    wiring.threads,
    wiring.slack_app,
]


@pytest.fixture(scope="session")
def workspace() -> Iterator[LocalSlack]:
    with LocalSlack(signing_secret="local-signing-secret") as slack:
        yield slack


@pytest.fixture
def slack(workspace: LocalSlack, transactional_db: None, settings: Any) -> Iterator[LocalSlack]:
    """An empty workspace, and a bot that is wired to it but not running."""
    workspace.reset()
    workspace.use_manifest(MANIFEST)
    settings.RUNTASK = {**settings.RUNTASK, "SLACK_API_URL": workspace.api_url, "LINK_BY_EMAIL": True}
    for cached in CACHED:
        cached.cache_clear()
    wiring.celery_app().control.purge()
    yield workspace
    workspace.reset()  # it sends nothing any more
    if wiring.threads.cache_info().currsize:  # what they still do must not write into the database of the next test
        wiring.threads().answers.shutdown()
        wiring.threads().afterwards.shutdown()
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def socket_bot(slack: LocalSlack) -> Iterator[LocalSlack]:
    """The bot over Socket Mode."""
    stopping, mode = threading.Event(), wiring.socket_mode()
    thread = threading.Thread(target=mode.serve, args=(stopping,))
    thread.start()
    slack.wait_for_app()
    yield slack
    stopping.set()
    mode._lost.set()  # so that it looks at once, and not only half a second later
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def http_bot(slack: LocalSlack, live_server: Any) -> LocalSlack:
    """The bot over signed HTTP, behind Django."""
    slack.config(mode="http", http_url=f"{live_server.url}/slack/events")
    return slack


@pytest.fixture(params=["socket", "http"])
def bot(request: pytest.FixtureRequest, slack: LocalSlack) -> LocalSlack:
    """The bot in either mode: everything a person sees must be the same.

    It names `slack`, as pytest-django must know before the test that it needs real transactions.
    """
    running: LocalSlack = request.getfixturevalue(f"{request.param}_bot")
    return running


@pytest.fixture
def delivering(slack: LocalSlack) -> Iterator[None]:
    """Runs the background loops, with the watcher and the deliverer."""
    loops, deliverer = wiring.background()
    for loop in loops:
        loop.start()
    yield
    for loop in loops:
        loop.stop(10)
    deliverer.drain(10)


@pytest.fixture
def worker(slack: LocalSlack) -> Iterator[None]:
    """A real Celery worker, in a thread."""
    with working(wiring.celery_app()):
        yield


@pytest.fixture
def ana(slack: LocalSlack) -> Person:
    """A member of staff, whom the bot links by her e-mail address."""
    User.objects.create_user("ana", "Ana@example.com", is_staff=True)
    return slack.person("U0ANA")


@pytest.fixture
def ben(slack: LocalSlack) -> Person:
    """A colleague whose account on the site isn't staff."""
    User.objects.create_user("ben", "ben@example.com")
    return slack.person("U0BEN")


Schedule = Callable[..., PeriodicTask]


@pytest.fixture
def schedule(slack: LocalSlack) -> Schedule:
    """Makes a schedule; the default is one that works."""
    night = CrontabSchedule.objects.create(minute="0", hour="2", timezone="Europe/Berlin")

    def make(name: str = "Nightly report", task: str = "tests.wire.report", **fields: Any) -> PeriodicTask:
        return PeriodicTask.objects.create(**{"name": name, "task": task, "crontab": night, **fields})

    return make


@pytest.fixture
def published(slack: LocalSlack) -> Callable[[], list[Any]]:
    """Takes all messages that wait on the default queue."""

    def take() -> list[Any]:
        found = []
        with wiring.celery_app().connection_for_read() as connection:
            queue = connection.SimpleQueue("celery")
            may_be_on_its_way = connection.transport.driver_type != "memory"
            with contextlib.suppress(queue.Empty):
                while True:
                    message = queue.get(block=may_be_on_its_way, timeout=0.3)
                    message.ack()
                    found.append(message)
            queue.close()
        return found

    return take


@pytest.fixture
def ana_of_the_site(ana: Person) -> User:
    """Ana's user, with her link, as if she had acted in Slack before."""
    user = User.objects.get(username="ana")
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0ANA", user=user)
    return user
