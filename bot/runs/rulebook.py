"""The rules and the pause that are in force. Every request reads one row; the rules are read again only when they have changed."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F

from bot.core import rulefields
from bot.core.audit import Act, By, Record
from bot.core.ports import NotSetUp
from bot.core.rules import Rule, RuleBook
from bot.core.text import fold
from bot.models import SiteState, StoredRule, atomic, database_of
from bot.models.rules import ONLY, renew
from bot.prepared import Prepared
from bot.runs import audit

log = logging.getLogger(__name__)

STATE = Prepared(lambda: SiteState.objects.filter(pk=ONLY).values_list("version", "paused_at", "paused_because"))


class Unreadable(NotSetUp):
    """A stored rule can't be read. It is unknown what the rule forbids, so everything is refused."""


@dataclass(frozen=True, kw_only=True)
class InForce:
    """The rules and the pause that are in force at this moment."""

    book: RuleBook = field(default_factory=RuleBook)
    paused: str | None = None  # why new runs are refused; None: there is no pause


@dataclass(frozen=True)
class _Held:
    version: str | None = None  # None: the rules haven't been read yet
    book: RuleBook = field(default_factory=RuleBook)


_held = _Held()


def in_force() -> InForce:
    """The rules and the pause that are in force. Raises Unreadable."""
    global _held  # noqa: PLW0603  # the process has one
    row = STATE.first(database_of(SiteState))
    version, paused_at, because = row or ("", None, "")
    if (held := _held).version != version:
        # The version was read before the rules. If they change in between, the next request reads them again.
        held = _held = _Held(version, RuleBook(tuple(stored())))
    return InForce(book=held.book, paused=None if paused_at is None else because)


def stored() -> list[Rule]:
    """The stored rules, in their order. Raises Unreadable."""
    return [_rule(row) for row in StoredRule.objects.all()]


def _rule(row: StoredRule) -> Rule:
    try:
        body = {"name": row.name, **json.loads(row.body)}
        flaws = list(rulefields.flaws_of_one(body, checks_schema=False))
    except (ValueError, TypeError) as exc:
        raise Unreadable(f"the rule {row.name!r} can't be read ({type(exc).__name__})") from exc
    if flaws:
        path, code, _ = flaws[0]
        raise Unreadable(f"the rule {row.name!r} can't be read: {'.'.join(map(str, path))} ({code})")
    return rulefields.rule(body)


def body(rule: Rule) -> str:
    """The rule's JSON text for the `body` column: all fields but the name."""
    return json.dumps(
        {key: value for key, value in rulefields.plain(rule).items() if key != "name"}, ensure_ascii=False
    )


@atomic()
def replace(rules: Iterable[Rule], *, by: By) -> None:
    """Replaces all rules at once. A rule that keeps its name keeps its row. Equal rules in the same order change nothing."""
    # This locks the row of SiteState, so that two processes can't replace rules at the same time.
    if not SiteState.objects.filter(pk=ONLY).update(version=F("version")):
        SiteState.objects.create(pk=ONLY)
    wanted = {fold(rule.name): rule for rule in rules}
    rows = {fold(row.name): row for row in StoredRule.objects.all()}
    deleted = [row for name, row in rows.items() if name not in wanted]
    kept = [name for name in wanted if name in rows]
    kept_before = [name for name in rows if name in wanted]  # the same names, in the order that they have now
    same = {
        name
        for name, before in zip(kept, kept_before, strict=True)
        if name == before and _is_same(rows[name], wanted[name])
    }
    saved = [rule.name for name, rule in wanted.items() if name not in same]
    if not saved and not deleted:
        return
    StoredRule.objects.filter(pk__in=[row.pk for row in deleted]).delete()
    for position, (name, rule) in enumerate(wanted.items()):
        row = rows.get(name) or StoredRule()
        row.name, row.body, row.position = rule.name, body(rule), position
        row.save()
    renew(database_of(SiteState))
    log.info("rules changed: there are %s now, by %s", len(wanted), by.words)
    record_change(by, saved=saved, deleted=[row.name for row in deleted])


def _is_same(row: StoredRule, rule: Rule) -> bool:
    return (row.name, row.body) == (rule.name, body(rule))


def record_change(by: By, *, saved: Sequence[str] = (), deleted: Sequence[str] = ()) -> None:
    """Records in the audit log which rules have changed, by name. Call this inside the transaction that changes them."""
    details = {"saved": list(saved), "deleted": list(deleted)}
    audit.append(Record(act=Act.RULES_CHANGED, entry=by.entry, who=by.who, details=details))


@atomic()
def pause(reason: str, *, by: By, user: str | None, now: datetime) -> None:
    values = {"paused_at": now, "paused_because": reason, "paused_by_id": user}
    SiteState.objects.update_or_create(pk=ONLY, defaults=values)
    audit.append(Record(act=Act.PAUSED, entry=by.entry, who=by.who, details={"reason": reason}))
    log.warning("paused, by %s: %s", by.words, reason)


@atomic()
def resume(*, by: By) -> bool:
    """Ends the pause. False: there was no pause."""
    values = {"paused_at": None, "paused_because": "", "paused_by": None}
    if not SiteState.objects.filter(pk=ONLY, paused_at__isnull=False).update(**values):
        return False
    audit.append(Record(act=Act.RESUMED, entry=by.entry, who=by.who))
    log.warning("resumed, by %s", by.words)
    return True
