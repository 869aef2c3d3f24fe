"""The composition root: builds the real parts, once per process. Building them touches no network."""

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
from bot.broker.workers import LiveQueues
from bot.conf import Conf, conf
from bot.core.ports import NotSetUp
from bot.runs.deliver import Deliverer
from bot.runs.door import Platform
from bot.runs.loops import Bell, Loop, Watcher, cleanup_step, delivery_step
from bot.runs.waiting import Threads
from bot.slack.app import create_app
from bot.slack.client import DELIVERY, FAST, PROFILE, Installation, web_client
from bot.slack.identity import Identity
from bot.slack.listeners.common import Parts
from bot.slack.notifier import SlackMessenger
from bot.slack.socket import SocketMode

notices_owed = Bell()
runs_sent = Bell()  # the watcher looks for their results


def readable_options() -> Conf:
    """Raises NotSetUp, as all functions below that need the options do."""
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
            app.loader.import_default_modules()  # registers its tasks; beat's admin does the same
    except Exception as exc:  # the platform's own modules
        raise NoApp(f"the project's tasks can't be loaded ({type(exc).__name__}: {exc})") from exc
    app.finalize()
    return app


@cache
def catalog() -> BeatCatalog:
    return BeatCatalog(celery_app())


@cache
def platform() -> Platform:
    app, options = celery_app(), readable_options()
    return Platform(
        catalog=catalog(),
        sender=CelerySender(app, options.secret_keys),
        secret_keys=options.secret_keys,
        deadline=options.deadline,
        queues=LiveQueues(app),
        outcomes=BeatOutcomes(),
        announcements=options.announce or {},
        wake=_run_started,
    )


def _run_started() -> None:
    notices_owed.ring()
    runs_sent.ring()


@cache
def installation() -> Installation:
    return Installation(web_client(readable_options(), PROFILE))


@cache
def slack_app() -> App:
    options = readable_options()
    identity = Identity(
        client=web_client(options, PROFILE),
        installation=installation(),
        link_by_email=options.link_by_email,
        profile_ttl=options.profile_ttl,
    )
    threads = Threads(
        answers=ThreadPoolExecutor(options.threads, thread_name_prefix="answer"),
        afterwards=ThreadPoolExecutor(options.threads, thread_name_prefix="afterwards"),
    )
    parts = Parts(
        platform=platform(),
        identity=identity,
        client=web_client(options, FAST),
        threads=threads,
        command=options.command,
        key=options.bot_token,
    )
    return create_app(options, parts)


def socket_mode() -> SocketMode:
    options = readable_options()
    client = web_client(options, DELIVERY)
    return SocketMode(app=slack_app(), client=client, app_token=options.app_token, concurrency=options.threads)


def watcher() -> Watcher:
    """A new one, whose first step reads all open runs."""
    return Watcher(BeatOutcomes(), deadline=readable_options().deadline, wake=notices_owed.ring)


def background() -> tuple[list[Loop], Deliverer]:
    """The loops that watch and deliver, and the deliverer, to be drained after the loops have stopped."""
    options = readable_options()
    messenger = SlackMessenger(web_client(options, DELIVERY))
    deliverer = Deliverer(messenger, base_url=options.base_url, wake=notices_owed.ring)
    delivery = Loop("deliver", lambda: delivery_step(deliverer))
    watching = watcher()
    watch = Loop("watch", watching.step)
    listener = Listener(wake=watch.wake, is_expecting=lambda: watching.is_expecting)
    notices_owed.wakes(delivery)
    runs_sent.wakes(watch)
    cleanup = Loop("clean up", lambda: cleanup_step(options.keep))
    return [watch, Loop("listen", listener.step), delivery, cleanup], deliverer


def warm_up() -> Loop:
    """Prepares what the first request would otherwise wait for: our installation in Slack, and the schedules."""

    def step() -> float:
        catalog().read_first()
        return 3600.0 if installation().team() else 5.0

    return Loop("warm-up", step)
