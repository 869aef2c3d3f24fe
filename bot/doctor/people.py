"""Staff and their links, and whether messages are delivered."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Count
from django.db.models.functions import Lower

from bot.conf import Conf
from bot.core.reasons import Reason
from bot.doctor.findings import Finding, note, ok, problem, some, warning
from bot.doctor.subject import Subject
from bot.models import Installation, Notice, NoticeState, SlackLink
from bot.runs import clock, lateness
from bot.runs.actors import has_email
from bot.texts import moment, sentence

LINK = "Link them: `runtask staff add U… USER`."


def staff(subject: Subject) -> Iterator[Finding]:
    users: Any = get_user_model()
    for number in ("W008", "W009"):
        if number in subject.complaints:
            yield subject.judged("users", "", number)
    if "W008" in subject.complaints:
        return
    by_email = subject.conf is not None and subject.conf.link_by_email and has_email(users)
    yield from _links(by_email=by_email)
    yield from _people(users, by_email=by_email)


def _links(*, by_email: bool) -> Iterator[Finding]:
    users: list[Any] = [link.user for link in SlackLink.objects.select_related("user").iterator()]
    idle = [user.get_username() for user in users if not (user.is_active and getattr(user, "is_staff", False))]
    if users:
        active = len(users) - len(idle)
        yield ok("links", f"{len(users):,} Slack account{'s' * (len(users) != 1)}, {active:,} of them to active staff")
    elif by_email:
        yield note("links", "none yet; staff are linked by their e-mail on first use")
    else:
        yield warning("links", "none, and RUNTASK_LINK_BY_EMAIL is off: nobody may run anything from Slack", LINK)
    if idle:
        yield note("links", f"without effect, as their users aren't active staff: {some(idle)}")


def _people(users: Any, *, by_email: bool) -> Iterator[Finding]:
    try:
        users._meta.get_field("is_staff"), users._meta.get_field("is_active")  # noqa: SLF001  # documented
    except FieldDoesNotExist:  # a property, which the database can't answer
        return
    people = users._default_manager.filter(is_active=True, is_staff=True)  # noqa: SLF001  # documented
    count = people.count()
    if not count:
        yield problem(
            "staff", "no active user is staff: nobody may run anything", "Give somebody is_staff in the admin."
        )
        return
    yield ok("staff", f"{count:,} active user{'s' * (count != 1)}")
    if by_email:
        yield from _e_mails(users, people)


def _e_mails(users: Any, people: Any) -> Iterator[Finding]:
    """An empty or shared e-mail address can't link anybody."""
    field = users.get_email_field_name()
    theirs = {str(mail or "").lower(): str(name) for name, mail in people.values_list(users.USERNAME_FIELD, field)}
    unlinked = people.exclude(slack_links__isnull=False).values_list(users.USERNAME_FIELD, field)
    empty = [str(name) for name, mail in unlinked if not (mail or "").strip()]
    alike = users._default_manager.annotate(mail=Lower(field)).filter(mail__in=[mail for mail in theirs if mail])  # noqa: SLF001  # documented
    shared = alike.values("mail").annotate(count=Count("pk")).filter(count__gt=1).order_by("mail")
    doubled = [theirs[mail] for mail in shared.values_list("mail", flat=True) if mail in theirs]
    if empty:
        yield note("e-mail", f"{len(empty):,} staff without one: {some(empty)}", LINK)
    if doubled:
        yield warning("e-mail", f"shared with another user, so it links nobody: that of {some(doubled)}", LINK)


def _installations(conf: Conf | None, now: datetime) -> Iterator[Finding]:
    """The apps and workspaces that share this database."""
    known = list(Installation.objects.order_by("pk"))
    for one in known:
        remedy = "Correct it for the processes that deliver there (`runtask notify`, `runtask slack`)."
        if one.problem:
            yield problem(
                f"installation {one}", f"nothing can be delivered: {sentence(Reason.load(one.problem))}", remedy
            )
        elif now - one.seen_at > lateness.LATE:
            yield note(f"installation {one}", f"no process has delivered there since {moment(one.seen_at)}")
        else:
            yield ok(f"installation {one}", f"is delivered to ({one.address})")
    remedy = f"Name the installation in RUNTASK_ANNOUNCE: {some([f'{one}/C…' for one in known]) or 'T…/A…/C…'}."
    if lateness.nameless(now) is not None:
        yield problem("installation", "messages wait that name no installation", remedy)
    elif len(known) > 1 and any(place and "/" not in place for place in ((conf and conf.announce) or {}).values()):
        yield problem("installation", "a channel of RUNTASK_ANNOUNCE may belong to any of them", remedy)


def messages(subject: Subject) -> Iterator[Finding]:
    """Notices that wait too long, fail, or were given up."""
    now = clock.now()
    failing, late = lateness.failing(), lateness.late(now)
    yield from _installations(subject.conf, now)
    parked = Notice.objects.filter(state=NoticeState.PARKED)
    if failing is not None:
        remedy = "Correct what the reason says. Delivery is retried automatically."
        yield problem("delivery", f"messages fail: {sentence(failing.reason)}", remedy)
    elif late is not None:
        remedy = "Start `runtask notify`, or `runtask slack` without --no-deliver."
        yield problem("delivery", f"messages have been waiting since {moment(late.due_at)}", remedy)
    else:
        yield ok("delivery", "no message waits longer than it should")
    if (newest := parked.order_by("-pk").first()) is not None:
        found = f"{parked.count():,} messages were given up, the newest because of: {sentence(newest.reason)}"
        yield warning("parked", found, "Correct that, then choose «Try again» in the admin, Notices.")
