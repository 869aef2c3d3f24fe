"""The replies about runs of which workers report nothing more. They say what is known. Pure functions of a report."""

from bot.core.model import Outcome
from bot.core.reasons import Code
from bot.core.report import Report
from bot.core.status import FINAL, RECEIVED, REJECTED, RETRY, WAITING, own
from bot.core.text import one_line
from bot.slack import silence_texts as texts
from bot.slack.blocks import Block, context, date, entities, escape, person, section
from bot.texts import sentence

SAID = 300  # characters shown of a task's last report


def deadline(report: Report) -> tuple[str, list[Block]]:
    """The text and the blocks of the reply after the deadline."""
    outcome = report.outcome
    may_stay = outcome is not None and (outcome.status == RETRY or own(outcome.status))  # for long in this status
    text, plain = (texts.NO_END, texts.NO_END_PLAIN) if may_stay else (texts.NO_WORD, texts.NO_WORD_PLAIN)
    known = (_known(outcome) if outcome else "") or _sent(report)
    words = text.format(who=_who(report), schedule=escape(report.schedule), known=known)
    why = [context(escape(sentence(report.unseen_because)))] if report.unseen_because else []
    return plain.format(schedule=entities(one_line(report.schedule))), [section(words), *why]


def unseen(report: Report) -> tuple[str, list[Block]]:
    """The text and the blocks of the reply that says that the end can't be known."""
    who, schedule = _who(report), escape(report.schedule)
    why = report.unseen_because
    if why is None:  # a worker has reported something since this reply was owed
        plain = texts.UNSEEN_BEFORE_PLAIN.format(schedule=entities(one_line(report.schedule)))
        return plain, [section(texts.UNSEEN_BEFORE.format(who=who, schedule=schedule))]
    words = texts.UNSEEN.format(who=who, schedule=schedule, why=escape(sentence(why)))
    more = texts.UNSEEN_CHANGE if why.code is Code.NO_RESULTS else texts.UNSEEN_MORE
    notes = [_known(report.outcome) if report.outcome else "", more]
    blocks = [section(words), *(context(note) for note in notes if note)]
    return texts.UNSEEN_PLAIN.format(schedule=entities(one_line(report.schedule))), blocks


def _known(outcome: Outcome) -> str:
    """What a worker reported last. Empty if that says nothing, or if it is an end, which has its own reply."""
    at, said = date(outcome.at), escape(outcome.result, SAID)
    if outcome.status == RETRY:
        return (texts.NEXT_TRY_AFTER if said else texts.NEXT_TRY).format(since=at, at=at, why=said)
    if own(outcome.status):
        name = escape(outcome.status)
        return texts.LAST_STATE.format(at=at, state=f"{name}: {said}" if said else name)
    if outcome.status in FINAL | {REJECTED}:
        return ""
    if outcome.started_at is not None:
        return _with_last_word(texts.NO_WORD_SINCE.format(began=date(outcome.started_at), at=at), said)
    if outcome.status == RECEIVED:
        return texts.NO_WORD_RECEIVED.format(at=at)
    return "" if outcome.status in WAITING else _with_last_word(texts.NO_WORD_REPORTED.format(at=at), said)


def _with_last_word(known: str, said: str) -> str:
    return f"{known} {texts.LAST_WORD.format(said=said)}" if said else known


def _sent(report: Report) -> str:
    if report.sent_at is None:
        return texts.NO_WORD_UNKNOWN
    return (texts.NO_EVENT_SENT if report.by_events else texts.NO_WORD_SENT).format(at=date(report.sent_at))


def _who(report: Report) -> str:
    return person(report.requester, report.name)
