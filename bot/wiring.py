"""The composition root: builds the real parts, those with `@cache` once per process. Building them doesn't use the network."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache

from celery import Celery
from django.conf import settings
from django.db.models import Q
from django.utils.encoding import force_str
from slack_bolt import App

from bot import env
from bot.broker.app import NoApp, load_tasks, platform_app
from bot.broker.catalog import BeatCatalog
from bot.broker.eventqueue import EventQueue
from bot.broker.outcomes import choice
from bot.broker.outcomes.events import EventOutcomes
from bot.broker.outcomes.hearing import Hearing
from bot.broker.send import CelerySender
from bot.broker.stop import RemoteControl
from bot.broker.workers import LiveQueues
from bot.conf import FULL, Conf, conf, is_sidecar
from bot.core.model import Source
from bot.core.ports import NotSetUp
from bot.runs.approvals import Tending
from bot.runs.budget import Threads
from bot.runs.cleanup import Keep
from bot.runs.deliver import Deliverer
from bot.runs.door import Platform
from bot.runs.gate import Gate
from bot.runs.homes import Refreshing
from bot.runs.loops import IDLE, RARELY, Bell, Loop, Watcher, cleanup_step, delivery_step
from bot.runs.report import Site
from bot.runs.sources import Sources
from bot.runs.stop import Repeating
from bot.slack.app import create_app
from bot.slack.audience import Audiences
from bot.slack.client import DELIVERY, FAST, PROFILE, web_client
from bot.slack.homes import Homes
from bot.slack.identity import Identity
from bot.slack.installation import OurInstallation
from bot.slack.listeners.common import Parts
from bot.slack.notifier import SlackMessenger
from bot.slack.socket import SocketMode

notices_owed = Bell()
runs_sent = Bell()  # wakes watchers, which then look for results


def readable_options() -> Conf:
    """The options. Raises NotSetUp if one can't be read, and so do all functions below that need the options."""
    try:
        return conf()
    except env.BadEnvironment as exc:
        raise NotSetUp("; ".join(exc.problems)) from exc


@cache
def celery_app() -> Celery:
    """The app whose workers run the tasks, with its tasks loaded. Raises NotSetUp."""
    app = platform_app(readable_options().celery_app)
    load_tasks(app)
    return app


@cache
def catalog() -> BeatCatalog:
    return BeatCatalog(celery_app())


@cache
def platform() -> Platform:
    return _platform(celery_app(), catalog())


def _platform(app: Celery, schedules: BeatCatalog) -> Platform:
    options = readable_options()
    return Platform(
        catalog=schedules,
        sender=CelerySender(app, options.secret_keys, declares=not is_sidecar()),
        secret_keys=options.secret_keys,
        deadline=options.deadline,
        form_keys=tuple(
            f"runtask.form:{force_str(key)}" for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        ),
        queues=LiveQueues(app),
        stopper=RemoteControl(app),
        may_kill=options.kill,
        base_url=options.base_url,
        sources=sources(),
        announcements=options.announce or {},
        audits_values=options.audits_values,
        wake=_run_started,
    )


def _run_started() -> None:
    notices_owed.ring()
    runs_sent.ring()


@cache
def installation() -> OurInstallation:
    return OurInstallation(web_client(readable_options(), PROFILE))


@cache
def identity() -> Identity:
    options = readable_options()
    return Identity(
        client=web_client(options, PROFILE),
        installation=installation(),
        link_by_email=options.link_by_email,
        email_domains=options.email_domains,
        profile_ttl=options.profile_ttl,
    )


@cache
def audiences() -> Audiences:
    """Who reads which channel. Forms and messages share what Slack has said, so messages don't ask for it again."""
    options = readable_options()
    return Audiences(web_client(options, FAST), is_full=options.external == FULL)


@cache
def threads() -> Threads:
    number = readable_options().threads
    return Threads(
        answers=ThreadPoolExecutor(number, thread_name_prefix="answer"),
        afterwards=ThreadPoolExecutor(number, thread_name_prefix="afterwards"),
    )


@cache
def slack_app() -> App:
    options = readable_options()
    client = web_client(options, FAST)
    parts = Parts(
        platform=platform(),
        identity=identity(),
        client=client,
        audiences=audiences(),
        homes=Homes(platform=platform(), identity=identity(), client=client),
        threads=threads(),
        command=options.command,
    )
    return create_app(options, parts)


def socket_mode() -> SocketMode:
    options = readable_options()
    client = web_client(options, DELIVERY)
    return SocketMode(app=slack_app(), client=client, app_token=options.app_token, concurrency=options.threads)


@cache
def sources() -> Sources:
    return _new_sources()


def _new_sources() -> Sources:
    """The sources, without the platform's tasks: a process that only watches and delivers doesn't need to load these."""
    return choice.sources(_app(), readable_options().outcomes)


def _app() -> Celery | None:
    """The Celery app, whose tasks may not be loaded yet. None: the project has no app."""
    try:
        return platform_app(readable_options().celery_app)
    except NoApp:
        return None


def watchers() -> list[Watcher]:
    """A new watcher for each source. Its first step asks about all open runs.

    The watcher for the source of new runs comes first. It also settles runs whose source isn't there: the source's app isn't
    installed any more, or only a later version knows the source.
    """
    known = _new_sources()
    options = readable_options()
    first = known.for_new_runs if known.for_new_runs in known.all else Source.NONE
    others = [source for source in known.all if source not in (first, Source.NONE)]

    def watcher(source: str, settles: Q, idle: float) -> Watcher:
        return Watcher(
            known.all[source],
            deadline=options.deadline,
            wake=notices_owed.ring,
            settles=settles,
            idle=idle,
            secret_keys=options.secret_keys,
        )

    return [
        watcher(first, ~Q(source__in=others), IDLE),
        *(watcher(source, Q(source=source), RARELY) for source in others),
    ]


def background() -> tuple[list[Loop], Deliverer]:
    """All background loops, and the deliverer. The caller drains the deliverer after the loops have stopped."""
    options = readable_options()
    messenger = SlackMessenger(web_client(options, DELIVERY), audiences())
    app = _app()
    stopper = None if app is None else RemoteControl(app)
    can_stop = stopper is not None and stopper.problem() is None
    site = Site(base_url=options.base_url, can_stop=can_stop, may_kill=options.kill)
    deliverer = Deliverer(messenger, site, wake=notices_owed.ring)
    delivery = Loop("deliver", lambda: delivery_step(deliverer))
    notices_owed.wakes(delivery)
    cleanup = Loop("clean up", lambda: cleanup_step(keeping(options), deliverer.gate.installation))
    watching = [loop for watcher in watchers() for loop in _watching(watcher)]
    return [*watching, *_repeating(stopper), *_with_schedules(deliverer.gate), delivery, cleanup], deliverer


def _repeating(stopper: RemoteControl | None) -> list[Loop]:
    if stopper is None:
        return []
    options = readable_options()
    repeating = Repeating(stopper, sources(), options.deadline, options.secret_keys, notices_owed.ring)
    return [Loop("repeat stops", repeating.step)]


def keeping(options: Conf) -> Keep:
    values = options.keep if options.keep_values is None else options.keep_values
    seconds = {"runs": options.keep, "values": values, "records": options.keep_audit}
    return Keep(**{what: timedelta(seconds=number) for what, number in seconds.items()})


def _with_schedules(gate: Gate) -> list[Loop]:
    """The loops that need schedules. They don't need the platform's tasks, so these aren't loaded."""
    if (app := _app()) is None:
        return []
    without_tasks = _platform(app, BeatCatalog(app))
    homes = Homes(platform=without_tasks, identity=identity(), client=web_client(readable_options(), DELIVERY))
    return [Loop("homes", Refreshing(gate, homes.refresh).step), Loop("approvals", Tending(without_tasks).step)]


def _watching(watcher: Watcher) -> list[Loop]:
    """The watcher's loop. If its source is workers' events, also the loop that receives them."""
    watch = Loop(f"watch {watcher.outcomes.source}", watcher.step)
    runs_sent.wakes(watch)
    if isinstance(watcher.outcomes, EventOutcomes):
        return [watch, Loop("hear events", _hearing(watcher.outcomes).step)]
    return [watch]


def _hearing(outcomes: EventOutcomes) -> Hearing:
    options = readable_options()
    return Hearing(
        platform_app(options.celery_app),
        outcomes,
        EventQueue.of(options),
        deadline=options.deadline,
        wake=notices_owed.ring,
        secret_keys=options.secret_keys,
    )


def warm_up() -> Loop:
    """Prepares what the first request would otherwise wait for: our installation in Slack, and the schedules."""

    def step() -> float:
        catalog().read_first()
        return 3600.0 if installation().team() else 5.0

    return Loop("warm-up", step)
