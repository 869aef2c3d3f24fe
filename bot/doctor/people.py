"""Staff and their links, and whether messages are delivered."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist

from bot.conf import Conf, is_apart
from bot.core.reasons import Reason
from bot.doctor.findings import Finding, note, ok, problem, some, warning
from bot.doctor.subject import Subject
from bot.models import ApiToken, Installation, Notice, NoticeState, SlackLink
from bot.runs import clock, lateness
from bot.runs.actors import has_email, is_superuser
from bot.slack.by_email import address_of, flaw
from bot.texts import moment, sentence

GIVE = "Give somebody is_staff in the admin, or where this project keeps its users."
CREATE = "Create a user, and link their Slack account: `runtask staff add U… NAME --create`."
LINK = "Link them: `runtask staff add U… USER`."
ANOTHER = "Make another one: `runtask token add USER --name N`. Then remove this one: `runtask token remove ID`."
SOON = timedelta(days=14)


def staff(subject: Subject) -> Iterator[Finding]:
    users: Any = get_user_model()
    for number in ("W008", "W009"):
        if number in subject.complaints:
            yield subject.judged("users", "", number)
    if "W008" in subject.complaints:
        return
    options = subject.conf or Conf()
    by_email = options.link_by_email and has_email(users)
    yield from _links(by_email=by_email)
    yield from _people(users, by_email=by_email, domains=options.email_domains)
    yield from _tokens()


def _links(*, by_email: bool) -> Iterator[Finding]:
    users: list[Any] = [link.user for link in SlackLink.objects.select_related("user")]
    idle = [user.get_username() for user in users if not (user.is_active and getattr(user, "is_staff", False))]
    if users:
        active = len(users) - len(idle)
        yield ok("links", f"{len(users):,} Slack account{'s' * (len(users) != 1)}, {active:,} of them to active staff")
    elif by_email:
        yield note("links", "none yet")
    else:
        found = "none, and RUNTASK_LINK_BY_EMAIL is off: nobody may run anything from Slack"
        yield warning("links", found, CREATE if is_apart() else LINK)
    if idle:
        yield note("links", f"without effect, as their users aren't active staff: {some(idle)}")


def _people(users: Any, *, by_email: bool, domains: tuple[str, ...]) -> Iterator[Finding]:
    try:
        users._meta.get_field("is_staff"), users._meta.get_field("is_active")  # noqa: SLF001  # documented
    except FieldDoesNotExist:  # it is a property, by which the database can't filter
        return
    people = users._default_manager.filter(is_active=True, is_staff=True)  # noqa: SLF001  # documented
    count = people.count()
    if not count:
        yield problem("staff", "no active user is staff: nobody may run anything", CREATE if is_apart() else GIVE)
        return
    yield ok("staff", f"{count:,} active user{'s' * (count != 1)}")
    if by_email:
        yield from _e_mails(people, domains)
    else:
        yield note("e-mail", "RUNTASK_LINK_BY_EMAIL is off: links are made by hand")


def _e_mails(people: Any, domains: tuple[str, ...]) -> Iterator[Finding]:
    """Finds staff whom their e-mail address can't link to a Slack account."""
    among = f" of {', '.join(domains)}" if domains else ""
    yield note("e-mail", f"staff who aren't superusers are linked on first use, by equal addresses{among}")
    linkable = [user for user in people.iterator() if not is_superuser(user)]
    if not linkable:
        yield note("e-mail", "all staff are superusers: nobody can be linked by e-mail", LINK)
    counts = Counter(map(address_of, linkable))
    linked = set(SlackLink.objects.values_list("user_id", flat=True))
    unlinked = [user for user in linkable if user.pk not in linked]
    unfit = [user.get_username() for user in unlinked if flaw(address_of(user), domains)]
    doubled = [user.get_username() for user in unlinked if address_of(user) and counts[address_of(user)] > 1]
    if unfit:
        yield note("e-mail", f"{len(unfit):,} staff without a fitting address: {some(unfit)}", LINK)
    if doubled:
        yield warning("e-mail", f"shared with other staff, so it links nobody: that of {some(doubled)}", LINK)


def _tokens() -> Iterator[Finding]:
    now = clock.now()
    tokens = ApiToken.objects.select_related("user").order_by("expires_at")
    expired = [_told(token) for token in tokens.filter(expires_at__lte=now)]
    ending = [_told(token) for token in tokens.filter(expires_at__gt=now, expires_at__lte=now + SOON)]
    if expired:
        yield warning("API tokens", f"{len(expired):,} expired: {some(expired)}", ANOTHER)
    if ending:
        yield warning("API tokens", f"{len(ending):,} expire within two weeks: {some(ending)}", ANOTHER)


def _told(token: ApiToken) -> str:
    user: Any = token.user
    return f"{token.pk} ({token.name}, {user.get_username()}, {token.expires_at:%Y-%m-%d})"


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
    """Notices that wait too long, fail, or are parked."""
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
