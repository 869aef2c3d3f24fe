"""Makes actors for people who are not acting now: requesters and approvers. Their rights are today's.

Uses the Slack profile that is stored with the link. Doesn't ask Slack: only bot.slack.identity does, about people who act now.
A function with a `book` returns actors who can be checked against these rules.
"""

from typing import Any

from bot.core.approval import Identifiers
from bot.core.entry import Entry
from bot.core.ids import team_of
from bot.core.model import Actor, InstallationId, Profile, SlackAccount, SlackUserId, TeamId
from bot.core.policy import Subject, may
from bot.core.rights import Action
from bot.core.rules import RuleBook
from bot.models import Answer, Run, SlackLink
from bot.runs import rulebook
from bot.runs.actors import email_of, of_user, with_groups

# Columns of a link that are fields of a profile. `home` isn't among them, because it is empty until the person acts. Until then,
# we take the workspace in which they are linked.
FACTS_BUT_HOME = ("is_guest", "is_bot", "is_deleted", "is_stranger")


def requester(run: Run, book: RuleBook) -> Actor | None:
    """The run's requester. None: that user was deleted. `run.user` must have been read from the database."""
    if run.user is None:
        return None
    return with_groups(_actor(run.user, Entry(run.entry), run.team, run.slack_user), book)


def requesting(run: Run) -> Identifiers:
    """The identifiers of the run's requester, to find out whether somebody else is the same person."""
    account = SlackAccount(team=TeamId(run.team), user=SlackUserId(run.slack_user)) if run.slack_user else None
    if run.user is None:
        return Identifiers(account=account)
    return Identifiers(user=str(run.user.pk), email=email_of(run.user), account=account)


def approvers(run: Run, book: RuleBook) -> list[Actor]:
    """The people who have approved the run. Deleted users are left out."""
    answers = run.answers.filter(is_yes=True).select_related("user")
    return [with_groups(of_answer(one), book) for one in answers if one.user is not None]


def of_answer(answer: Answer) -> Actor:
    return _actor(answer.user, Entry.SLACK if answer.slack_user else Entry.WEB, answer.team, answer.slack_user)


def of_link(link: SlackLink, book: RuleBook) -> Actor:
    account = SlackAccount(team=TeamId(link.team), user=SlackUserId(link.slack_user))
    return with_groups(_linked(link.user, account, link), book)


def may_see(run: Run, installation: InstallationId, account: SlackUserId) -> bool:
    """Whether this Slack account of an installation may see the run's schedule, by the name and task that the run copied."""
    link = SlackLink.objects.select_related("user").filter(team=team_of(installation), slack_user=account).first()
    if link is None:
        return False
    book = rulebook.in_force().book
    subject = Subject(rules=book.of(run.schedule_name, run.task))
    return may(of_link(link, book), Action.SEE, subject) is None


def _actor(user: Any, entry: Entry, team: str, slack_user: str) -> Actor:
    if entry is not Entry.SLACK:
        return of_user(user, entry=entry)
    account = SlackAccount(team=TeamId(team), user=SlackUserId(slack_user))
    link = SlackLink.objects.filter(team=team, slack_user=slack_user, user=user.pk).first()
    return Actor(slack=account, team=account.team) if link is None else _linked(user, account, link)


def _linked(user: Any, account: SlackAccount, link: SlackLink) -> Actor:
    profile = Profile(home=TeamId(link.home or link.team), **{name: getattr(link, name) for name in FACTS_BUT_HOME})
    return of_user(user, entry=Entry.SLACK, slack=account, team=account.team, profile=profile)
