"""Makes a `Report` from the rows of a notice and its run. Messages are built from reports."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model

from bot.core import approval
from bot.core.ids import team_of
from bot.core.model import ChannelId, InstallationId, MessageTs, NoticeKind, Outcome, RunId, SlackUserId, Source, TaskId
from bot.core.ports import Messenger
from bot.core.report import Answered, Asked, Report, Stopped, Untold
from bot.core.rights import Said
from bot.core.rules import terms
from bot.core.status import RunState
from bot.core.stops import is_stoppable
from bot.models import Notice, NoticeState, Run
from bot.runs import clock, links, recalled, rulebook


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What messages need to know of the site. It is the same for all runs."""

    base_url: str = ""  # empty: there are no links to it
    can_stop: bool = False  # whether a Stop would reach workers
    may_kill: bool = False  # whether it may terminate a running task


def report(notice: Notice, site: Site, *, channel: str = "") -> Report:
    """`channel`: for an edit, the channel of its root, as the run's may have changed. May query users, answers and rules.

    Raises Unreadable for a direct message, if a rule can't be read.
    """
    run, kind = notice.run, NoticeKind.of(notice.kind)
    recipient = SlackUserId(notice.recipient) if notice.recipient else None
    channel = channel or (notice.channel if recipient else run.channel)
    return Report(
        kind=kind,
        run=RunId(run.pk),
        task_id=TaskId(run.task_id),
        schedule=run.schedule_name,
        task=run.task,
        requester=SlackUserId(run.slack_user),
        name="" if run.slack_user or run.user_id is None else _username(run.user_id),
        channel=ChannelId(channel),
        thread=None if recipient else _thread(run, kind),
        state=run.state,
        status=run.status,
        created_at=run.created_at,
        sent_at=run.sent_at,
        changes=run.changed_values,
        is_emptied=run.values_deleted_at is not None,
        said=Said(reason=run.reason or "", mention=tuple(run.mention or ()) if run.status == "FAILURE" else ()),
        outcome=_outcome(run),
        has_results=run.source != Source.NONE,
        by_events=run.source == Source.EVENTS,
        unseen_because=run.unseen_reason,
        later_end=_later_end(run),
        can_stop=site.can_stop and is_stoppable(run.state, run.deadline_at, clock.last()),
        may_kill=site.may_kill and _rules_allow_kill(run),
        stopped=stopped(run),
        duration=run.duration,
        redirected_from=ChannelId(run.redirected_from) if run.redirected_from else None,
        redirected_because=run.redirected_because,
        result_link=links.result(site.base_url, run),
        run_link=links.page(site.base_url, run),
        asked=asked(run),
        recipient=recipient,
        is_hidden=_is_hidden(notice, channel),
    )


def _is_hidden(notice: Notice, channel: str) -> bool:
    """Whether the message is for one person who may not see the schedule now: for an approver, or for the requester directly.

    Raises Unreadable.
    """
    run = notice.run
    only_reader = notice.recipient or (run.slack_user if channel.startswith("D") else "")
    if not only_reader:
        return False
    return not recalled.may_see(run, InstallationId(notice.installation), SlackUserId(only_reader))


def _rules_allow_kill(run: Run) -> bool:
    """Whether rules let a Stop terminate the run's task. Reads one row, unless rules have changed."""
    try:
        return terms(rulebook.in_force().book.of(run.schedule_name, run.task)).kill
    except rulebook.Unreadable:  # then every Stop is refused. Messages in channels are delivered nevertheless
        return False


def _thread(run: Run, kind: NoticeKind) -> MessageTs | None:
    """The message that this one replies to. Slack has no threads in threads: if the run has a parent, all messages reply to it."""
    found = run.parent or ("" if kind is NoticeKind.ROOT else run.thread)
    return MessageTs(found) if found else None


def _outcome(run: Run) -> Outcome | None:
    if run.seen_at is None:
        return None
    return Outcome(
        task_id=TaskId(run.task_id),
        status=run.status,
        token=run.seen,
        at=run.seen_at,
        started_at=run.started_at,
        result=run.result,
        result_length=run.result_length,
        traceback=run.traceback,
        worker=run.worker,
    )


def stopped(run: Run) -> Stopped | None:
    """Who asked to stop the run, and how far that is. None: nobody has. Reads the user from the database."""
    standing, at = run.stop_standing, run.stop_asked_at
    if standing is None or at is None:
        return None
    name = "" if run.stopped_by_id is None else _username(run.stopped_by_id)
    return Stopped(slack=SlackUserId(run.stopped_by_slack), name=name, at=at, standing=standing)


def asked(run: Run) -> Asked | None:
    """The run's approval. None: it needs none. Reads the answers and, while the run waits, which messages to approvers were parked."""
    if run.approval_digest is None:
        return None
    return Asked(
        needs=run.needs,
        until=run.deadline_at,
        mark=approval.mark(run.approval_digest),
        ask=tuple(run.approval_ask or ()),
        answers=tuple(
            Answered(
                slack=SlackUserId(one.slack_user if one.team == team_of(InstallationId(run.installation)) else ""),
                name="" if one.user is None else one.user.get_username(),
                is_yes=one.is_yes,
                why=one.why,
            )
            for one in run.answers.select_related("user")
        ),
        problem=run.not_sent_reason,
        untold=_untold(run) if run.state == RunState.WAITING else None,
    )


def is_read_by_approvers(run: Run) -> bool:
    """Whether approvers probably read the run's thread: it is in a channel, and it mentions groups of approvers."""
    return run.channel.startswith(("C", "G")) and bool(run.approval_ask)


def asks_nobody(notice: Notice, channel: ChannelId, messenger: Messenger, *, simply: bool) -> bool:
    """Whether the message should mention the approvers that its run waits for, but won't. May ask Slack, as `messenger` does."""
    if notice.recipient or notice.run.state != RunState.WAITING or not is_read_by_approvers(notice.run):
        return False
    return simply or messenger.is_external(channel)


def _untold(run: Run) -> Untold | None:
    asks = list(Notice.objects.filter(run=run, kind__startswith=f"{NoticeKind.ASK}:"))
    if not asks and run.approvers_asked_at is not None and not is_read_by_approvers(run):
        return Untold()
    parked = [ask.reason for ask in asks if ask.state == NoticeState.PARKED]
    codes = [str(reason.params.get("direct", "")) for reason in parked if reason is not None]
    return Untold(number=len(parked), all=len(asks), because=next(filter(None, codes), "?")) if parked else None


def _username(key: object) -> str:
    """The name of the user with this primary key. Empty: another Django has deleted the user (bot.models)."""
    users = get_user_model()
    found = users._base_manager.filter(pk=str(key))  # noqa: SLF001  # documented: all of them
    return found.values_list(users.USERNAME_FIELD, flat=True).first() or ""


def _later_end(run: Run) -> Outcome | None:
    if not run.later_ends:
        return None
    end = run.later_ends[-1]
    return Outcome(
        task_id=TaskId(run.task_id),
        status=end["status"],
        token=run.seen,
        at=datetime.fromisoformat(end["at"]),
        result=end["result"],
        result_length=len(end["result"]),
    )
