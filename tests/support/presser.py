"""A process in which people press buttons. Its environment names its database and its broker.

It reads presses from its standard input, one JSON object a line. It answers each with two lines: that it is ready, and the
result of the press. In between, it waits until nobody holds the gate, a file, so that several processes press at the same moment.
If a press has a number `later`, that many queries are made before it.
"""

import fcntl
import json
import os
import signal
import sys
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connections  # noqa: E402

from bot import wiring  # noqa: E402
from bot.core import approval  # noqa: E402
from bot.core.entry import Entry  # noqa: E402
from bot.core.model import Actor, ChannelId, Destination, InstallationId, Place, RunId, RunRequest, ScheduleId  # noqa: E402
from bot.core.status import RunState  # noqa: E402
from bot.models import Run, still  # noqa: E402
from bot.runs import approve, clock, start, stop  # noqa: E402
from bot.runs.actors import of_user  # noqa: E402
from bot.runs.approvals import Tending  # noqa: E402
from bot.runs.budget import Budget  # noqa: E402
from bot.runs.door import Admitted, Platform, admit  # noqa: E402
from bot.runs.refusals import CantStop, Ended, NotAllowed, Refused  # noqa: E402

PATIENCE = 60.0  # seconds for sending, so that a busy machine changes nothing
SOMEWHERE = Destination(
    installation=InstallationId("T0001/A0001"), place=Place(channel=ChannelId("C0001")), requester=None
)


@dataclass
class Dying:
    """A sender that kills its process when it should send: before the broker has the message, or after."""

    sender: Any
    is_sent: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sender, name)

    def send(self, *what: Any, **how: Any) -> None:
        if self.is_sent:
            self.sender.send(*what, **how)
        os.kill(os.getpid(), signal.SIGKILL)


def somebody(name: str) -> Actor:
    return of_user(get_user_model().objects.get(username=name), entry=Entry.WEB)


def admitted(platform: Platform, by: str) -> Admitted:
    return admit(platform, somebody(by))


def asks(platform: Platform, by: str, schedule: int, key: str) -> str:
    request = RunRequest(
        key=f"web:{key}", schedule=ScheduleId(schedule), args="[]", kwargs='{"days": 30}',
        fingerprint=None, destination=SOMEWHERE,
    )  # fmt: skip
    return str(start.start(admitted(platform, by), request, Budget(PATIENCE)).pk)


def approves(platform: Platform, by: str, run: int) -> str:
    found = approve.approve(admitted(platform, by), RunId(run), mark_of(run), Budget(PATIENCE))
    return "" if found is None else str(found.state)


def approves_and_dies(platform: Platform, by: str, run: int, is_sent: bool) -> str:
    """A copy of this process approves the run and dies. Returns the name of the signal that killed it."""
    connections.close_all()
    if not (copy := os.fork()):
        approves(replace(platform, sender=Dying(platform.sender, is_sent)), by, run)
        os._exit(1)  # reached only if the copy hasn't died
    return signal.Signals(os.WTERMSIG(os.waitpid(copy, 0)[1])).name


def declines(platform: Platform, by: str, run: int) -> str:
    found = approve.decline(admitted(platform, by), RunId(run), mark_of(run), "not today")
    return "" if found is None else str(found.state)


def withdraws(platform: Platform, by: str, run: int) -> str:
    found = stop.stop(admitted(platform, by), RunId(run))
    return "" if found is None else str(found.state)


def lapses(platform: Platform, run: int) -> str:
    """Ends the run's time for approval, and makes the step of the loop that notices that."""
    Run.objects.filter(still(RunState.WAITING), pk=run).update(deadline_at=clock.now())
    Tending(platform).step()
    return str(Run.objects.get(pk=run).state)


def mark_of(run: int) -> str:
    return approval.mark(Run.objects.get(pk=run).approval_digest or "")


PRESSES = {press.__name__: press for press in (asks, approves, approves_and_dies, declines, withdraws, lapses)}


def outcome(platform: Platform, does: str, how: dict[str, Any]) -> str:
    """The result of a press: the run's state, or why the press did nothing. For any other error, a traceback."""
    try:
        return PRESSES[does](platform, **how)
    except NotAllowed as exc:
        return f"not allowed: {exc.denied.code}"
    except (Refused, CantStop, Ended) as exc:
        return type(exc).__name__
    except Exception:  # noqa: BLE001  # a deadlock, a lock that wasn't granted, a defect
        return traceback.format_exc()


def main(gate: Path) -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nothing else appears among the answers
    platform = wiring.platform()
    for line in sys.stdin:
        press = json.loads(line)
        later = press.pop("later", 0)
        answers.write("ready\n")
        with gate.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
        for _ in range(later):
            Run.objects.first()
        answers.write(json.dumps(outcome(platform, press.pop("does"), press)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
