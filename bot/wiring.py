"""The composition root: the real parts, put together once per process. Nothing here touches a network."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

from celery import Celery
from slack_bolt import App

from bot import env
from bot.broker.app import NoApp, platform_app
from bot.broker.catalog import BeatCatalog
from bot.broker.results import BeatOutcomes
from bot.broker.send import CelerySender
from bot.broker.trigger import Listener
from bot.broker.workers import Workers
from bot.conf import Conf, conf
from bot.core.ports import NotSetUp
from bot.runs.deliver import Deliverer
from bot.runs.loops import Bell, Loop, Watcher, cleanup_step, delivery_step
from bot.runs.service import RunService
from bot.slack.afterwards import Afterwards
from bot.slack.answering import Answering
from bot.slack.app import create_app
from bot.slack.client import DELIVERY, FAST, PROFILE, Workspace, web_client
from bot.slack.identity import Identity
from bot.slack.listeners import Listeners
from bot.slack.notifier import SlackMessenger
from bot.slack.socket import SocketMode

bell = Bell()  # something is owed
sent = Bell()  # a run is on its way: its result may come soon


def readable_options() -> Conf:
    """Raises NotSetUp, as whatever is put together here does then."""
    try:
        return conf()
    except env.BadEnvironment as exc:
        raise NotSetUp("; ".join(exc.problems)) from exc


@cache
def celery_app() -> Celery:
    """The app whose workers run the tasks, with its tasks loaded. Raises NotSetUp."""
    app = platform_app(readable_options().celery_app)
    try:
        with env.without_checks_by_celery():
            app.loader.import_default_modules()  # registers its tasks, as beat's admin does
    except Exception as exc:  # the platform's own modules
        raise NoApp(f"the project's tasks can't be loaded ({type(exc).__name__}: {exc})") from exc
    app.finalize()
    return app


@cache
def catalog() -> BeatCatalog:
    return BeatCatalog(celery_app())


@cache
def run_service() -> RunService:
    app, options = celery_app(), readable_options()
    return RunService(
        catalog=catalog(),
        sender=CelerySender(app, options.secret_keys),
        secret_keys=options.secret_keys,
        deadline=options.deadline,
        workers=Workers(app),
        outcomes=BeatOutcomes(),
        announcements=options.announce or {},
        wake=_started,
    )


def _started() -> None:
    bell.ring()
    sent.ring()


@cache
def workspace() -> Workspace:
    return Workspace(web_client(readable_options(), PROFILE))


@cache
def slack_app() -> App:
    options = readable_options()
    identity = Identity(
        client=web_client(options, PROFILE),
        workspace=workspace(),
        link_by_email=options.link_by_email,
        profile_ttl=options.profile_ttl,
    )
    listeners = Listeners(
        runs=run_service(),
        identity=identity,
        client=web_client(options, FAST),
        answering=Answering(ThreadPoolExecutor(options.threads, thread_name_prefix="answer")),
        afterwards=Afterwards(ThreadPoolExecutor(options.threads, thread_name_prefix="afterwards")),
        command=options.command,
        key=options.bot_token,
    )
    return create_app(options, listeners)


def socket_mode() -> SocketMode:
    options = readable_options()
    return SocketMode(
        app=slack_app(),
        client=web_client(options, DELIVERY),
        app_token=options.app_token,
        concurrency=options.threads,
    )


def watcher() -> Watcher:
    """A new one, whose first pass looks at all open runs."""
    return Watcher(BeatOutcomes(), deadline=readable_options().deadline, wake=bell.ring)


def background() -> tuple[list[Loop], Deliverer]:
    """Watching and delivering: loops to start, and the deliverer to drain after they have stopped."""
    options = readable_options()
    messenger = SlackMessenger(web_client(options, DELIVERY))
    deliverer = Deliverer(messenger, base_url=options.base_url, wake=bell.ring)
    delivery = Loop("deliver", lambda: delivery_step(deliverer))
    watching = watcher()
    watch = Loop("watch", watching.step)
    listener = Listener(wake=watch.wake, is_expecting=lambda: watching.is_expecting)
    bell.wakes(delivery)
    sent.wakes(watch)
    cleanup = Loop("clean up", lambda: cleanup_step(options.keep))
    return [watch, Loop("listen", listener.step), delivery, cleanup], deliverer


def warm_up() -> Loop:
    """What the first person would wait for, off everybody's way: who we are in Slack, asked until it answers, and the schedules."""

    def step() -> float:
        catalog().read_first()
        return 3600.0 if workspace().team() else 5.0

    return Loop("warm-up", step)
