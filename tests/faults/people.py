"""People who use Slack while everything around them breaks. Each form is kept with the answers that they got."""

import json
import random
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum

from bot.slack.ids import Id
from localslack.testing import Json, LocalSlack, Person
from localslack.testing.person import elements_in

KINDS = {  # by schedule: how often it is picked
    "Quick job": 6,
    "Slow job": 2,
    "Late job": 1,
    "Failing job": 1,
    "Job of two": 2,
}
COMMANDS = ["/runtask", "/runtask", "/other"]  # the slash commands of two apps
OPENS = 5.0  # seconds after which the person types the command again if no form has appeared
PRESSES = 8  # presses of Run in one form before the person gives up
LOOK = 0.1  # seconds between two looks
SEEN = 1.0  # seconds for which a person looks for the run that they have just started
STOPS = 0.25  # probability: press Stop after a form
APPROVALS = 0.6  # probability: look for a run that waits for approval
HOMES = 0.15  # probability: look at Home
RUNS_AGAIN = 0.2  # probability: open the form by a button, if there is one


class Told(StrEnum):
    """The last answer that the person got."""

    ACCEPTED = "accepted"  # the form closed
    MAYBE = "may have been sent"
    NOTHING = "nothing was sent"
    UNCLEAR = "trouble connecting, or refused"  # it doesn't say whether the task was sent


@dataclass(kw_only=True)
class Submission:
    """A form in which a person pressed Run, once or several times."""

    mark: str
    user: str
    channel: str
    view: str = ""
    pressed_at: float = 0.0  # when Run was pressed first
    told: Told = Told.UNCLEAR
    words: list[str] = field(default_factory=list)  # every answer, in order


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A press of Stop under the root of a run, perhaps of another person's run."""

    run: int
    user: str


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A press of Approve under the root of a run, perhaps of the person's own run."""

    run: int
    user: str


@dataclass
class Pace:
    """Keeps submissions and faults in step: neither gets ahead of the other by more than AHEAD turns of the rarer one."""

    submissions: int
    faults: int
    done: dict[str, int] = field(default_factory=lambda: {"submissions": 0, "faults": 0})
    _changed: threading.Condition = field(default_factory=threading.Condition)
    AHEAD = 3

    def next(self, what: str) -> bool:
        """Wait for the next turn. False if there have been enough."""
        other = "faults" if what == "submissions" else "submissions"
        total, others = getattr(self, what), getattr(self, other)
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self.done[what] >= total
                    or self.done[other] >= others
                    or (self.done[what] / total - self.done[other] / others) * min(total, others) <= self.AHEAD
                )
            )
            if self.done[what] >= total:
                return False
            self.done[what] += 1
            self._changed.notify_all()
            return True

    def wait_for_half(self) -> None:
        """Wait until half of the submissions have begun."""
        with self._changed:
            self._changed.wait_for(lambda: self.done["submissions"] >= self.submissions // 2)


class Colleague:
    """A person who works through their share of submissions, in a thread of their own."""

    def __init__(self, slack: LocalSlack, user: str, channels: list[str], seed: int) -> None:
        self._slack = slack
        self._person: Person = slack.person(user)
        self._channels = channels
        self.user = user
        self._random = random.Random(seed)
        self.submissions: list[Submission] = []
        self.stops: list[Stop] = []
        self.approvals: list[Approval] = []

    def work(self, pace: Pace) -> None:
        while pace.next("submissions"):
            made = Submission(
                mark=f"{self._person.id}-{len(self.submissions)}",
                user=self._person.id,
                channel=self._random.choice(self._channels),
            )
            self._submit(made)
            self.submissions.append(made)
            if self._random.random() < STOPS:
                self._stop(made.channel)
            if self._random.random() < APPROVALS:
                self._approve()
            if self._random.random() < HOMES:
                self._person.opens_home()
            time.sleep(self._random.uniform(0, 1))

    def _submit(self, made: Submission) -> None:
        made.view = self._open(made)
        made.pressed_at = time.time()
        self._trouble()
        double = self._random.random() < 0.1
        for press in range(PRESSES):
            made.told = self._press(made, double=double and press == 0)
            gives_up = made.told is Told.NOTHING and self._random.random() < 0.3
            if made.told in (Told.ACCEPTED, Told.MAYBE) or gives_up:
                return
            time.sleep(self._random.uniform(0.3, 2))

    def home(self) -> list[int]:
        """Opens Home, waits for its next version, and returns the runs that it offers to run again."""
        before = (self._person.home() or {}).get("hash")
        self._person.opens_home()
        self._slack.wait_for(lambda: (self._person.home() or {}).get("hash") != before)
        found = [element_of(block, Id.HOME_RUN_AGAIN) for block in _blocks_of(self._person.home())]
        return [int(element["value"]) for element in found if element is not None]

    def _stop(self, channel: str) -> None:
        """Press Stop on a run that seems to be going on."""
        until = time.monotonic() + SEEN
        while not (going_on := self._roots(channel, Id.STOP)) and time.monotonic() < until:
            time.sleep(LOOK)
        if going_on:
            ts, run = self._random.choice(going_on)
            self.stops.append(Stop(run=run, user=self._person.id))
            self._press_under(channel, ts, Id.STOP)

    def _approve(self) -> None:
        """Press Approve on a run that seems to wait, wherever that is."""
        for channel in self._random.sample(self._channels, len(self._channels)):
            if waiting := self._roots(channel, Id.APPROVE):
                ts, run = self._random.choice(waiting)
                self.approvals.append(Approval(run=run, user=self._person.id))
                self._press_under(channel, ts, Id.APPROVE)
                return

    def _press_under(self, channel: str, ts: str, button: str) -> Json:
        """Clicks the button of a message. The answer isn't ok if the button has disappeared meanwhile."""
        try:
            return self._person.clicks_in(channel, ts, button)
        except AssertionError:
            return {"ok": False}

    def _roots(self, channel: str, button: str) -> list[tuple[str, int]]:
        """The messages in a channel that have this button, and their runs."""
        found = [(one["ts"], element_of(one, button)) for one in self._person.messages(channel)]
        return [(ts, int(element["value"].partition(":")[0])) for ts, element in found if element is not None]

    def _asks(self, channel: str, name: str) -> Json:
        """Asks for a form: by the command, or by the button of a run that has ended."""
        ended = self._roots(channel, Id.RUN_AGAIN) if self._random.random() < RUNS_AGAIN else []
        if ended:
            ts, _ = self._random.choice(ended)
            return self._press_under(channel, ts, Id.RUN_AGAIN)
        return self._person.types(channel, f"{self._random.choice(COMMANDS)} {name}")

    def _open(self, made: Submission) -> str:
        """Ask until the form is open, and fill it in. Returns its view id."""
        name = self._random.choices(list(KINDS), list(KINDS.values()))[0]
        while True:
            if self._person.modal() is not None:
                self._person.closes(everything=True)
            answer = self._asks(made.channel, name)
            view = self._appears() if answer.get("ok") else None
            if view is not None:
                filled = self._person.fills("kwargs:", None, json.dumps({"mark": made.mark}))
                if filled.get("ok"):
                    return str(view["id"])
            time.sleep(self._random.uniform(0.2, 1))

    def _appears(self) -> Json | None:
        until = time.monotonic() + OPENS
        while time.monotonic() < until:
            view = self._person.modal()
            if view is not None and any(block["block_id"].startswith("kwargs:") for block in view["blocks"]):
                return view
            time.sleep(LOOK)
        return None

    def _trouble(self) -> None:
        """Now and then, Slack delivers the submission twice or gets the answer too late."""
        chance = self._random.random()
        if chance < 0.08:
            self._slack.fault("duplicate", type="view_submission")
        elif chance < 0.16:
            self._slack.fault("late_ack", type="view_submission")

    def _press(self, made: Submission, *, double: bool) -> Told:
        """Presses Run, perhaps twice at once. The form closes, or shows the last answer."""
        answers: list[Json] = []
        clicks = [
            threading.Thread(target=lambda: answers.append(self._person.submits(made.view)))
            for _ in range(2 if double else 1)
        ]
        for click in clicks:
            click.start()
        for click in clicks:
            click.join()
        told = [told_by(answer) for answer in answers]
        made.words += [json.dumps(answer.get("errors") or answer.get("error") or "closed") for answer in answers]
        return Told.ACCEPTED if Told.ACCEPTED in told else told[-1]


def told_by(answer: Json) -> Told:
    """The meaning of an answer to a press."""
    if answer.get("closed"):
        return Told.ACCEPTED
    said = " ".join(answer.get("errors", {}).values())
    if "may already have been sent" in said:
        return Told.MAYBE
    # “Nothing was sent by this press of Run” says nothing about earlier presses.
    return Told.NOTHING if "Nothing was sent:" in said else Told.UNCLEAR


def _blocks_of(view: Json | None) -> list[Json]:
    """Each block by itself, as if it were a message."""
    return [{"blocks": [block]} for block in (view or {}).get("blocks", [])]


def element_of(message: Json, action: str) -> Json | None:
    """The button of a message that has this action."""
    elements = (element for block in message.get("blocks", []) for element in elements_in(block))
    return next((element for element in elements if element.get("action_id") == action), None)
