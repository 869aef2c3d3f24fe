"""Workers' events, if outcomes are read from them: the queue on RabbitMQ, and whether workers send events."""

from collections.abc import Iterator

from celery import Celery

from bot.broker import eventqueue, heartbeats
from bot.broker.eventqueue import EventQueue, Refused
from bot.broker.workers import ask
from bot.doctor.findings import Finding, note, ok, problem, some, warning
from bot.doctor.schedules import scheduled

WITHIN = 1.5  # seconds for workers to answer
MUCH = 0.5  # the share of the queue's length above which doctor warns
CANT_KNOW = "results and exceptions are Celery's short texts of them; progress isn't in events"
COSTS = "workers publish each task's arguments and result for everybody who may read the broker (docs/outcomes.md)"


def events(app: Celery, queue: EventQueue) -> Iterator[Finding]:
    yield note("what it costs", COSTS)
    yield note("what it can't know", CANT_KNOW)
    yield from silent_tasks(app)
    if not eventqueue.is_possible(app):
        return
    try:
        yield from _queue(app, queue)
        yield from _workers(app)
    except Refused as exc:
        remedy = "`runtask events remove` and `add` make it again; or let the broker's account declare it."
        yield problem("events", f"RabbitMQ refuses the queue {queue.name}: {exc}", remedy)
    except Exception as exc:  # noqa: BLE001  # whatever the transport raises
        yield note("events", f"the broker could not be asked: {type(exc).__name__}")


def silent_tasks(app: Celery) -> Iterator[Finding]:
    silent = {name for name, task in app.tasks.items() if not task.send_events}
    if names := scheduled(silent):
        found = f"switched off by {some(names)}: threads can't say how these end"
        yield warning("send_events", found, "Remove send_events = False from these tasks.")


def _queue(app: Celery, queue: EventQueue) -> Iterator[Finding]:
    if eventqueue.transport(app) != eventqueue.RABBITMQ:
        yield note("events", "Redis keeps none: how a task ends while no process of runtask listens stays unknown")
        return
    there = eventqueue.waiting(app, queue)
    if there is None:
        remedy = "`runtask notify` makes it when it starts, or `runtask events add` does."
        yield problem("events", f"there is no queue {queue.name} on RabbitMQ", remedy)
        return
    waiting, readers = there
    found = f"{waiting:,} messages wait in the queue {queue.name}"
    if not readers:
        yield problem("events", f"{found}, and no process reads it", "Start `runtask notify`.")
    elif waiting > queue.length * MUCH:
        yield warning("events", f"{found}, which holds {queue.length:,}", "Raise RUNTASK_EVENTS_LENGTH.")
    else:
        yield ok("events", found)


def _workers(app: Celery) -> Iterator[Finding]:
    answers = ask(app, "ping", WITHIN)
    if answers is None:
        remedy = "Start all workers with -E, as runtask can't tell them to send events."
        yield note("workers' events", "not known: remote control is off (worker_enable_remote_control)", remedy)
    alive = set(answers or {})
    if not alive:
        return  # the area of Celery reports that
    silent = sorted(alive - heartbeats.heard(app, alive, WITHIN))
    if silent:
        remedy = "Start it with -E, or without --without-heartbeat and --without-gossip together."
        yield problem("workers' events", f"not sent by {some(silent)}: threads can't say how its tasks end", remedy)
    else:
        yield ok("workers' events", f"sent by {len(alive)} of {len(alive)} workers")
