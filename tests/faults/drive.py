"""One long run on one set-up: people submit, parts break, everything is mended, and then every run is checked."""

import json
import random
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.core.stops import REVOKED
from bot.slack.manifest import manifest
from localslack.testing import Installation, LocalSlack
from tests.faults.audit import ORDER, Post, Record, Run, Seen, Verdict, audit
from tests.faults.parts import OTHER, OTHER_APP, Parts
from tests.faults.people import Colleague, Pace
from tests.faults.setups import SETUPS, Setup
from tests.faults.table import Done, Site, plan, start
from tests.faults.tasks import JOURNAL

SCOPES = manifest("/runtask")["oauth_config"]["scopes"]["bot"]
PEOPLE, CHANNELS = 12, 24
CLOSED = "C0FCLOSED"  # a private channel without the bot
DEADLINE = 25  # seconds: RUNTASK_DEADLINE
SETTLED = 180.0  # seconds after the last fault in which every run and message must reach its end
QUIET = 3.0  # seconds for which nothing may be open before the installation counts as settled
SCHEDULES = {
    "Quick job": "quick",
    "Slow job": "slow",
    "Late job": "late",
    "Failing job": "failing",
    "Job of two": "quick",
}
RUNS = (
    "SELECT r.id, r.key, r.task_id, r.state, r.channel, r.redirected_from, r.slack_user, r.installation, COALESCE(t.status, ''),"
    " r.sent_at IS NOT NULL, r.approval_digest IS NOT NULL"
    " FROM runtask_run r LEFT JOIN django_celery_results_taskresult t ON t.task_id = r.task_id"
)
# The ended runs: the ends that their rows know, and the status in the results table. Watchers look at ended runs only once a
# minute.
LAST_WORDS = (
    "SELECT r.task_id, r.status, r.later_ends, COALESCE(t.status, '') FROM runtask_run r"
    " LEFT JOIN django_celery_results_taskresult t ON t.task_id = r.task_id WHERE r.state = 'finished'"
)
RECORDS = "SELECT run_id, action, details FROM runtask_auditrecord WHERE run_id IS NOT NULL AND action <> 'run.refused'"
OPEN = (
    "SELECT (SELECT COUNT(*) FROM runtask_run WHERE state IN ('queued', 'sent', 'unknown', 'running'))"
    " + (SELECT COUNT(*) FROM runtask_notice WHERE state IN ('owed', 'behind', 'claimed'))"
)


@dataclass(kw_only=True)
class Outcome:
    """The result of one long run on one set-up."""

    setup: str
    seconds: float
    submissions: int
    told: dict[str, int]
    faults: list[Done]
    verdict: Verdict
    settled_after: float
    left: int  # runs and messages that have reached no end
    ended: list[tuple[str, int]]  # parts that nobody stopped or killed, with their exit codes
    recovery: dict[str, list[float]] = field(default_factory=dict)  # by fault: seconds, as `_recovery` gives them


def drive(kind: str, folder: Path, *, submissions: int, faults: int, seed: int) -> Outcome:
    """Raises Missing if a service isn't there."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.time()
    with SETUPS[kind](folder) as setup, LocalSlack(scopes=SCOPES) as slack:
        people, channels, other = _populated(slack)
        parts = Parts(folder, slack, other, **_environment(folder), **setup.environment)
        if setup.results:
            parts.variables["worker"] = {"CELERY_RESULT_BACKEND": setup.results}
        with parts:
            _seed(parts, people)
            site = Site(setup, slack, parts, random.Random(seed))
            colleagues = [Colleague(slack, user, channels, seed * 100 + n) for n, user in enumerate(people)]
            done = _work(site, colleagues, Pace(submissions, faults))
            left, settled_after = _settle(setup)
            seen = _seen(slack, setup, folder, colleagues, channels)
            ended = list(parts.ended)
    verdict = audit(seen)
    (folder / "seen.json").write_text(json.dumps(seen, default=vars, indent=1))
    told: dict[str, int] = {}
    for one in seen.submissions:
        told[one.told.value] = told.get(one.told.value, 0) + 1
    outcome = Outcome(
        setup=setup.name,
        seconds=time.time() - began,
        submissions=len(seen.submissions),
        told=told,
        faults=done,
        verdict=verdict,
        settled_after=settled_after,
        left=left,
        ended=ended,
    )
    outcome.recovery = _recovery(done, seen, verdict)
    return outcome


def _environment(folder: Path) -> dict[str, str]:
    return {
        "RUNTASK_IMPORTS": "tests.faults.tasks",
        "RUNTASK_DEADLINE": str(DEADLINE),
        "RUNTASK_LINK_BY_EMAIL": "1",
        JOURNAL: str(folder / "journal.jsonl"),
    }


def _populated(slack: LocalSlack) -> tuple[list[str], list[str], Installation]:
    """A local Slack with people, public channels with the bots, a channel closed to the bots, and a second app."""
    people = [f"U0F{number:02}" for number in range(PEOPLE)]
    for user in people:
        slack.control("people", id=user, name=user.lower(), email=f"{user.lower()}@example.com")
    channels = [f"C0F{number:02}" for number in range(CHANNELS)]
    for channel in channels:
        slack.control("channels", id=channel, name=channel.lower(), members=people, is_member_bot=True)
    slack.control("channels", id=CLOSED, name="closed", members=people, is_private=True)
    slack.add_app(OTHER_APP, name="Other", commands=[OTHER])
    other = slack.install(
        OTHER_APP, "T0LOCAL", channels=channels, bot_user_id="U0FOTHER", bot_id="B0FOTHER", scopes=SCOPES
    )
    return people, [*channels, CLOSED], other


def _seed(parts: Parts, people: list[str]) -> None:
    """Staff users with the people's e-mails, and the schedules."""
    parts.shell(
        "from django.contrib.auth.models import User\n"
        f"for name in {[user.lower() for user in people]!r}:\n"
        "    User.objects.create_user(name, f'{name}@example.com', is_staff=True)"
    )
    parts.shell(
        "from bot.core.audit import By\n"
        "from bot.core.rules import Rule\n"
        "from bot.runs import rulebook\n"
        "rulebook.replace([Rule(name='Two people', schedules=('Job of two',), approvals=1)], by=By(words='the fault run'))"
    )
    rows = ({"name": name, "task": f"tests.faults.{task}"} for name, task in SCHEDULES.items())
    parts.schedules(*({**row, "kwargs": '{"mark": ""}'} for row in rows))


def _work(site: Site, colleagues: list[Colleague], pace: Pace) -> list[Done]:
    """Works until everything is submitted and all faults are done: half over Socket Mode, then over HTTP. Mends all."""
    hands = start(site, pace, plan(site, pace.faults))
    people = [threading.Thread(target=one.work, args=(pace,), name="colleague") for one in colleagues]
    for thread in people:
        thread.start()
    pace.wait_for_half()
    site.slack.config(mode="http", http_url=f"{site.parts.url}/slack/events")
    for thread in [*people, *(thread for thread, _ in hands)]:
        thread.join()
    site.slack.clear_faults()
    site.slack.config(rate_limits=False)
    return [done for _, one in hands for done in one.done]


def _settle(setup: Setup) -> tuple[int, float]:
    """Waits until nothing is open for QUIET seconds. Returns how much is still open, and the seconds that this took."""
    began = time.monotonic()
    quiet_since: float | None = None
    left = 0
    while time.monotonic() - began < SETTLED:
        [(left,)] = setup.rows(OPEN)
        left += _untold(setup)
        now = time.monotonic()
        quiet_since = None if left else quiet_since or now
        if quiet_since is not None and now - quiet_since >= QUIET:
            return 0, quiet_since - began
        time.sleep(0.5)
    return left, SETTLED


def _untold(setup: Setup) -> int:
    """The number of stopped runs whose task ended otherwise than their row says, because a worker had it already."""
    found = 0
    for task, status, later, result in setup.rows(LAST_WORDS):
        ends = json.loads(later) if isinstance(later, str) else later
        last = ends[-1]["status"] if ends else status
        found += last == REVOKED and (setup.status(task) if setup.results else result) not in (last, "")
    return found


def _seen(slack: LocalSlack, setup: Setup, folder: Path, colleagues: list[Colleague], channels: list[str]) -> Seen:
    names = (
        "pk",
        "key",
        "task_id",
        "state",
        "channel",
        "redirected_from",
        "slack_user",
        "installation",
        "result",
        "is_sent",
        "needs_approval",
    )
    runs = [Run(**dict(zip(names, row, strict=True))) for row in setup.rows(RUNS)]
    if setup.results:
        runs = [replace(run, result=setup.status(run.task_id)) for run in runs]
    looks = dict.fromkeys(channels, "U0F00") | {run.channel: run.slack_user for run in runs}
    posts = [post for channel, user in looks.items() for post in _posts(slack, channel, user)]
    records = [_record(*row) for row in setup.rows(RECORDS)]
    journal = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    submissions = [made for one in colleagues for made in one.submissions]
    return Seen(
        submissions=submissions,
        runs=runs,
        posts=posts,
        journal=journal,
        records=records,
        stops=[stop for one in colleagues for stop in one.stops],
        approvals=[approval for one in colleagues for approval in one.approvals],
        homes={one.user: one.home() for one in colleagues},
    )


def _record(run: int, action: str, details: Any) -> Record:
    """The record of a row; some drivers give `details` as text, others as parsed JSON."""
    said = json.loads(details) if isinstance(details, str) else details
    again = bool(said.get("again")) and action == "run.ended"
    return Record(run=run, action=action, task_id=said["task_id"], state=said.get("state", ""), is_again=again)


def _posts(slack: LocalSlack, channel: str, user: str) -> list[Post]:
    person = slack.person(user)
    found = []
    for root in person.messages(channel):
        replies = person.thread(channel, root["ts"]) if root.get("reply_count") else []
        found += [root, *replies]
    return [
        Post(
            run=int(one["metadata"]["event_payload"]["run"]),
            kind=one["metadata"]["event_payload"]["kind"],
            channel=channel,
            app=one["app_id"],
            ts=one["ts"],
            thread_ts=one.get("thread_ts", ""),
            text=one["text"],
        )
        for one in found
        if one.get("metadata") and one["metadata"]["event_payload"]["kind"] in ORDER
    ]


def _recovery(done: list[Done], seen: Seen, verdict: Verdict) -> dict[str, list[float]]:
    """By fault: the seconds from its end until the first form submitted afterwards had its end in Slack."""
    found: dict[str, list[float]] = {}
    for fault in done:
        later = [
            verdict.ends[made.mark]
            for made in seen.submissions
            if made.pressed_at >= fault.ended and made.mark in verdict.ends
        ]
        if later:
            found.setdefault(fault.name, []).append(min(later) - fault.ended)
    return found
