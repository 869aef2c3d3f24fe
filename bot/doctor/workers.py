"""Celery: the app, the broker, the queues that workers consume, and whether workers are configured as this process is."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from celery import Celery
from django.conf import settings
from django.db.models import Count
from django_celery_beat.models import PeriodicTask

from bot.broker import route
from bot.broker.outcomes import kinds
from bot.broker.outcomes.choice import chosen
from bot.broker.queues import examine_queues
from bot.broker.send import CelerySender
from bot.broker.workers import ask
from bot.conf import is_sidecar
from bot.core.model import Source
from bot.core.options import ROUTED
from bot.core.ports import NotSent
from bot.doctor.findings import Finding, note, ok, problem, some, warning
from bot.doctor.subject import Subject, reads_django
from bot.texts import sentence

WITHIN = 1.5  # seconds for each question to the broker or to workers
MOST_QUEUES = 50  # the broker is asked about at most this many
BACKEND = re.compile(r"\[backend=<([\w.]+) object")
KNOWN_BACKENDS = ("celery.backends.", "django_celery_results.")  # how the names of their modules begin
OURS = "bot.celery:app"  # as bot.settings names it
START = "Start one: celery -A PROJECT worker -Q {}"


def workers(subject: Subject) -> Iterator[Finding]:
    """The broker comes first, as workers can only be asked through it."""
    app = subject.app
    yield subject.judged("app", f"{app.main or 'without a name'}" if app else "", "W003", "W012")
    if app is None:
        return
    yield from _foreign(subject)
    if subject.unloaded:
        remedy = "Correct the import. Until then the bot doesn't start, and nothing can be run."
        yield problem("tasks", f"can't be loaded ({subject.unloaded})", remedy)
    try:
        transport = CelerySender(app, secret_keys=()).reach(WITHIN)
    except NotSent as exc:
        remedy = "Is it up, and is CELERY_BROKER_URL right in these settings? Nothing can be sent until it is."
        yield problem("broker", sentence(exc.reason), remedy)
        return
    yield ok("broker", f"{transport} answers")
    going, unknown = destinations(app)
    yield from declarations(app, going, declares=not is_sidecar())
    queues = ask(app, "active_queues", WITHIN)
    if queues is None:
        is_off = not app.conf.worker_enable_remote_control
        why = "worker_enable_remote_control is off" if is_off else f"{transport} has no remote control"
        yield note("workers", f"not known: {why}")
        yield note("stop", f"runs that were sent can't be stopped: {why}")
        return
    if not queues:
        remedy = (
            f"{START.format('QUEUES')}, unless one is just starting or busy (a solo pool answers nobody meanwhile)."
            f" Workers with other settings than {settings.SETTINGS_MODULE} may use another broker."
        )
        yield problem("workers", f"no worker answers within {WITHIN:g} s", remedy)
        return
    listening = [f"{name} ({', '.join(sorted(queue['name'] for queue in queues[name]))})" for name in sorted(queues)]
    yield ok("workers", f"{len(queues)} alive: {some(listening, 6)}")
    yield from unserved(going, unknown, {queue["name"] for theirs in queues.values() for queue in theirs})
    yield from registered(ask(app, "registered", WITHIN, "backend") or {}, expected_backend(subject))


def _foreign(subject: Subject) -> Iterator[Finding]:
    """Warns if a sidecar uses the platform's own Celery app, and this app takes its configuration from Django's settings."""
    is_theirs = subject.conf is not None and subject.conf.celery_app != OURS
    if is_sidecar() and is_theirs and subject.app is not None and reads_django(subject.app):
        found = "the platform's app takes its configuration from Django's settings, which are runtask's here"
        yield warning("settings", found, "Set its routes and queues by variables (docs/sidecar.md).")


def destinations(app: Celery) -> tuple[Counter[str], int]:
    """The queues of enabled schedules, as this process routes them, and how many schedules have no known queue."""
    going: Counter[str] = Counter()
    unknown = 0
    groups = PeriodicTask.objects.filter(enabled=True).values_list("task", *ROUTED).annotate(n=Count("pk")).order_by()
    for task, *values, count in groups.iterator():
        options = {name: value for name, value in zip(ROUTED, values, strict=True) if value is not None}
        queue = route.target(app, task, options, [], {}).queue  # without arguments, which few routers read
        if queue is None:  # an exchange decides
            unknown += count
        else:
            going[queue] += count
    return going, unknown


def declarations(app: Celery, going: Counter[str], *, declares: bool) -> Iterator[Finding]:
    """Whether RabbitMQ takes messages to these queues. `declares`: whether this process declares queues when it sends."""
    names = _largest_first(going)[:MOST_QUEUES]
    try:
        found = examine_queues(app, names, WITHIN, declares=declares) if names else None
    except Exception as exc:  # noqa: BLE001  # whatever the transport raises
        yield note("declared", f"the broker could not be asked for its queues: {type(exc).__name__}")
        return
    if found is None:
        return
    for name, reason in found.refused.items():
        remedy = (
            "Neither runtask nor beat can send to it from these settings. Give it the same arguments in task_queues as its"
            " workers do, or the broker's account the right to declare it."
        )
        yield problem("declared", f"{name}: the broker refuses its declaration: {reason.params['error']}", remedy)
    for name in () if declares else found.absent:
        remedy = f"Nothing can be sent to it. A worker of the platform makes it. {START.format(name)}"
        yield problem("declared", f"{name}: the broker has no such queue ({_schedules(going[name])})", remedy)
    if found.there:
        fit = ", with the arguments of these settings" if declares else ""
        yield ok("declared", f"the broker has {some(found.there, 6)}{fit}")
    if left := len(going) - len(names) + len(found.unasked):
        yield note("declared", f"{left:,} more queues weren't looked at")


def unserved(going: Counter[str], unknown: int, served: set[str]) -> Iterator[Finding]:
    """Compares the queues of enabled schedules with those that workers consume. `unknown`: see `destinations`."""
    waiting = Counter({queue: count for queue, count in going.items() if queue not in served})
    total = going.total() + unknown
    if waiting:
        queues = _largest_first(waiting)
        named = some([f"{queue} ({waiting[queue]:,})" for queue in queues])
        go = "goes" if waiting.total() == 1 else "go"
        yield warning(
            "queues",
            f"{_schedules(waiting.total())} {go} where no live worker listens: {named}",
            START.format(",".join(queues[:3])),
        )
    if not waiting and total:
        also = f"; {unknown:,} go to exchanges, whose queues can't be listed" if unknown else ""
        yield ok("queues", f"a worker listens wherever enabled schedules go ({total:,}){also}")


def _largest_first(going: Counter[str]) -> list[str]:
    return sorted(going, key=lambda queue: (-going[queue], queue))


def _schedules(number: int) -> str:
    return "1 enabled schedule" if number == 1 else f"{number:,} enabled schedules"


def expected_backend(subject: Subject) -> str:
    """The class of the backend that workers should use, or its module if rows are read. Empty: any backend will do."""
    app, options = subject.app, subject.conf
    if app is None or options is None or options.outcomes in (Source.NONE, Source.EVENTS):
        return ""
    if chosen(app, options.outcomes) is Source.ROWS:
        return kinds.ROWS
    found, _ = kinds.backend_class(app)
    return f"{found.__module__}.{found.__qualname__}" if found is not None else ""


def registered(answers: Mapping[str, list[str]], backend: str) -> Iterator[Finding]:
    """Finds tasks that no worker knows, and workers whose results go elsewhere.

    `answers`: by worker, its answer to `inspect registered`, with each task's backend. `backend`: how the name of the expected
    backend's class begins. `inspect conf` isn't used: workers that are set up as usual for Django would send all their settings
    over the broker.
    """
    known = {line.partition(" [")[0] for lines in answers.values() for line in lines}
    used = PeriodicTask.objects.filter(enabled=True).values_list("task", flat=True).distinct().order_by("task")
    strange = [task for task in used if task.strip() and task not in known and not task.startswith("celery.")]
    if strange:
        remedy = "Deploy them to the workers: a run would fail with NotRegistered."
        yield warning("tasks", f"no live worker knows {some(strange)}", remedy)
    elif known:
        yield ok("tasks", f"live workers know {len(known):,}, and those of every enabled schedule")
    for worker, lines in sorted(answers.items()):
        backends = {match[1] for line in lines if (match := BACKEND.search(line))}
        elsewhere = {name for name in backends if not name.startswith(backend)}
        if elsewhere:
            remedy = (
                "Give it the same CELERY_RESULT_BACKEND as this process."
                " Until then runtask can't report how its tasks ended."
            )
            # Another backend, such as the platform's own, may write rows.
            is_certain = all(name.startswith(KNOWN_BACKENDS) for name in elsewhere)
            report = problem if is_certain else warning
            yield report("results", f"{worker} keeps them in {some(sorted(elsewhere))}", remedy)
