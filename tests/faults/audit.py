"""The checks of every run after all faults are mended: pure functions over the facts seen from outside."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.core.status import UNENDED
from tests.faults.people import Approval, Stop, Submission, Told

Json = dict[str, Any]
ENDS = {"final", "deadline", "closed"}
ORDER = ["root", "id", "deadline", "unseen", "closed", "final", "again"]
FINAL = {"SUCCESS", "FAILURE", "REVOKED"}
WORDS = {"final", "again"}  # the notices that name Celery's status
FILE, AGAIN = ".msg", ".again.msg"  # endings of the embedded broker's files; a redelivered message gets the second one


@dataclass(frozen=True, kw_only=True)
class Run:
    """A row of runtask's, with the status that a worker has stored for its task."""

    pk: int
    key: str
    task_id: str
    state: str
    channel: str
    redirected_from: str
    slack_user: str
    installation: str
    result: str  # "" if no status is stored
    is_sent: bool = True  # the run's row says that the broker has confirmed the message
    needs_approval: bool = False


@dataclass(frozen=True, kw_only=True)
class Record:
    """A row of the audit log about a run."""

    run: int
    action: str
    task_id: str
    state: str = ""  # the state in which the run ended, for records of an end
    is_again: bool = False  # a second end


@dataclass(frozen=True, kw_only=True)
class Post:
    """A message of ours in Slack, known by its metadata."""

    run: int
    kind: str
    channel: str
    app: str
    ts: str
    thread_ts: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All that can be seen from outside."""

    submissions: list[Submission]
    runs: list[Run]
    posts: list[Post]
    journal: list[Json]
    records: list[Record]
    stops: list[Stop] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    homes: dict[str, list[int]] = field(default_factory=dict)  # by person: the runs that have ended, as Home lists them


@dataclass
class Verdict:
    """The broken promises, one sentence each. `ends` says when each accepted form had its end in Slack."""

    lost: list[str] = field(default_factory=list)
    published_twice: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    misrecorded: list[str] = field(default_factory=list)
    ends: dict[str, float] = field(default_factory=dict)  # by the form's mark

    def broken(self) -> list[str]:
        named = {
            "lost": self.lost,
            "published twice": self.published_twice,
            "doubled": self.doubled,
            "out of order": self.disordered,
            "a surprise": self.surprises,
            "misrecorded": self.misrecorded,
        }
        return [f"{name}: {one}" for name, found in named.items() for one in found]


def audit(seen: Seen) -> Verdict:
    verdict = Verdict()
    posts: dict[int, list[Post]] = {}
    for post in sorted(seen.posts, key=lambda one: one.ts):
        posts.setdefault(post.run, []).append(post)
    published = publications(seen.journal)
    for run in seen.runs:
        _judge(run, posts.get(run.pk, []), published[run.task_id], seen, verdict)
    verdict.misrecorded += _misrecorded(seen)
    by_view = {run.key.rpartition(":")[2]: run for run in seen.runs}
    for submission in seen.submissions:
        its_run = by_view.get(submission.view)
        _judge_submission(submission, its_run, posts.get(its_run.pk, []) if its_run else [], verdict)
    verdict.surprises += [
        f"the Home of {user} shows {shown} and not {own}"
        for user, shown in seen.homes.items()
        if shown != (own := last_runs(seen.runs, user))
    ]
    ours = {run.task_id for run in seen.runs}
    verdict.surprises += [f"task {task} was sent without a run" for task in published if task not in ours]
    return verdict


def _judge(run: Run, posts: list[Post], published: int, seen: Seen, verdict: Verdict) -> None:
    """Judges a run by its state, and by the buttons that people pressed."""
    if run.needs_approval and not _is_approved(run, seen.approvals) and (published or run.is_sent):
        verdict.surprises.append(f"run {run.pk} ({run.state}): sent without an approval by somebody else")
    if run.state == "waiting":
        _judge_waiting(run, posts, published, verdict)
    elif run.state == "withdrawn":
        began = any(one["event"] == "began" and one["task"] == run.task_id for one in seen.journal)
        is_stopped = any(stop.run == run.pk for stop in seen.stops)
        _judge_withdrawn(run, posts, verdict, began=began, is_stopped=is_stopped)
    else:
        _judge_run(run, posts, published, verdict)


def _is_approved(run: Run, approvals: list[Approval]) -> bool:
    return any(one.run == run.pk and one.user != run.slack_user for one in approvals)


def _judge_waiting(run: Run, posts: list[Post], published: int, verdict: Verdict) -> None:
    about = f"run {run.pk} ({run.state})"
    if published:
        verdict.surprises.append(f"{about}: {published} published")
    kinds = [post.kind for post in posts]
    if kinds != ["root"]:
        verdict.lost.append(f"{about}: messages {kinds}")


def last_runs(runs: list[Run], user: str) -> list[int]:
    """The runs that a person's Home lists: of the last 20, the first ten that have ended, newest first."""
    own = sorted((run for run in runs if run.slack_user == user), key=lambda run: -run.pk)[:20]
    return [run.pk for run in own if run.state not in UNENDED][:10]


def publications(journal: list[Json]) -> Counter[str]:
    """How often each task was put on the broker: the messages handed out, minus the redelivered ones.

    Redis and RabbitMQ mark redelivered messages. The embedded broker shows it in the name of the message's file.
    """
    handed_out = Counter(
        (one["task"], one["tag"].replace(AGAIN, FILE))
        for one in journal
        if one["event"] == "received" and not one["redelivered"]
    )
    counted: Counter[str] = Counter()
    for (task, tag), times in handed_out.items():
        counted[task] += 1 if tag.endswith(FILE) else times
    return counted


EARLIER = {  # by whether the run needs approval: what the log may say of an earlier attempt
    False: [Counter({"run.asked": 1, "run.not_sent": 1})],
    True: [
        Counter({"run.asked": 1}),
        Counter({"run.asked": 1, "run.not_sent": 1}),
        Counter({"run.approved": 1, "run.not_sent": 1}),
    ],
}


def _misrecorded(seen: Seen) -> Iterator[str]:
    """A sentence for each record of an attempt that is missing from the log, is there too often, or doesn't fit the run."""
    found: dict[int, dict[str, Counter[str]]] = {}
    for one in seen.records:
        what = f"{one.action} {one.state}".strip() if not one.is_again else "again"
        found.setdefault(one.run, {}).setdefault(one.task_id, Counter())[what] += 1
    for run in seen.runs:
        attempts = found.get(run.pk, {})
        last = attempts.pop(run.task_id, Counter())
        for what, expected in _expected(run).items():
            if last[what] != expected:
                yield f"run {run.pk} ({run.state}): {what} stands {last[what]} times, not {expected}"
        for task, before in attempts.items():  # an earlier attempt has failed, otherwise there would be no other
            if before not in EARLIER[run.needs_approval]:
                yield f"run {run.pk}, its earlier attempt {task}: {dict(before)}"


def _expected(run: Run) -> dict[str, int]:
    ends = {"run.withdrawn": run.state == "withdrawn", "run.ended finished": run.state == "finished"}
    if run.state != "finished":  # the end of an unseen run may still arrive
        ends["run.ended unseen"] = run.state == "unseen"
    if run.needs_approval and run.state != "not_sent":  # after the approval, it was asked for under another id
        return {what: int(is_there) for what, is_there in {"run.sent": run.is_sent, **ends}.items()}
    all_of_it = {"run.asked": True, "run.sent": run.is_sent, "run.not_sent": run.state == "not_sent", **ends}
    return {what: int(is_there) for what, is_there in all_of_it.items()}


def _judge_run(run: Run, posts: list[Post], published: int, verdict: Verdict) -> None:
    about = f"run {run.pk} ({run.state}, result {run.result or 'none'})"
    if published > 1:
        verdict.published_twice.append(f"{about}: {published} times")
    strange = {post.app for post in posts} - {run.installation.partition("/")[2]}
    verdict.surprises += [f"{about}: told by {app}, asked for in {run.installation}" for app in strange]
    kinds = Counter(post.kind for post in posts)
    verdict.doubled += [f"{about}: {times} {kind} messages" for kind, times in kinds.items() if times > 1]
    if run.state == "not_sent":
        if posts or published:
            verdict.surprises.append(f"{about}: not sent, but {published} published, messages {sorted(kinds)}")
        return
    if missing := {"root", "id"} - kinds.keys():
        verdict.lost.append(f"{about}: no {' and no '.join(sorted(missing))} message")
    elif not ENDS & kinds.keys():
        verdict.lost.append(f"{about}: neither a final nor a deadline message")
    elif run.result in FINAL and "final" not in kinds:
        verdict.lost.append(f"{about}: its result is not told")
    elif run.result in FINAL and run.result not in [post for post in posts if post.kind in WORDS][-1].text:
        verdict.surprises.append(f"{about}: the last word in its thread is another one")
    else:
        _judge_thread(run, posts, about, verdict)


def _judge_withdrawn(run: Run, posts: list[Post], verdict: Verdict, *, began: bool, is_stopped: bool) -> None:
    about = f"run {run.pk} ({run.state})"
    if not is_stopped:
        verdict.surprises.append(f"{about}: nobody has stopped it")
    if began:
        verdict.surprises.append(f"{about}: a worker has run it")
    kinds = Counter(post.kind for post in posts)
    verdict.doubled += [f"{about}: {times} {kind} messages" for kind, times in kinds.items() if times > 1]
    if missing := {"root", "closed"} - kinds.keys():
        verdict.lost.append(f"{about}: no {' and no '.join(sorted(missing))} message")
    else:
        _judge_thread(run, posts, about, verdict)


def _judge_thread(run: Run, posts: list[Post], about: str, verdict: Verdict) -> None:
    kinds = [post.kind for post in posts]
    if sorted(kinds, key=ORDER.index) != kinds:
        verdict.disordered.append(f"{about}: {', '.join(kinds)}")
    root = posts[0]
    astray = [
        post.kind for post in posts if post.channel != run.channel or (post is not root and post.thread_ts != root.ts)
    ]
    if astray:
        verdict.disordered.append(f"{about}: {', '.join(astray)} not in the thread of the root")


def _judge_submission(made: Submission, run: Run | None, posts: list[Post], verdict: Verdict) -> None:
    about = f"form {made.mark} ({made.view}) told {made.words}"
    promised = made.told in (Told.ACCEPTED, Told.MAYBE)
    if promised and (run is None or run.state == "not_sent"):
        verdict.lost.append(f"{about}: {'no run' if run is None else 'its run was not sent'}")
    elif run is not None and run.state != "not_sent":
        if made.told is Told.NOTHING:
            verdict.surprises.append(f"{about}: run {run.pk} is {run.state}")
        if made.channel not in (run.channel, run.redirected_from):
            verdict.disordered.append(f"{about}: asked for in {made.channel}, told in {run.channel}")
        if ends := [float(post.ts) for post in posts if post.kind in ENDS]:
            verdict.ends[made.mark] = ends[-1]
