"""Answers to mentions, as pure functions. Only the author of the mention sees them."""

from collections.abc import Collection, Sequence

from bot.core.model import Brief, Field, Matches
from bot.core.reasons import Problem
from bot.core.text import ELLIPSIS, one_line
from bot.runs.drafts import MOST, Values
from bot.slack import texts
from bot.slack.blocks import Block, Level, Note, button, code, context, escape, section
from bot.slack.ids import CHOOSE_PREFIX
from bot.texts import problem_text

BUTTONS = 5  # schedules in an answer, each with a button, at most
NAMES = 20  # names of arguments in a sentence, at most


def usage(command: str) -> Block:
    return plain(texts.MENTION_HELP.format(command=command))


def choices(found: Matches, typed: str, values: Values, draft: str) -> Block:
    """The first schedules, each with a button that carries the draft's key."""
    head = texts.CHOOSE_ONE
    if found.total > 1:
        head = texts.CHOOSE_ONE_OF.format(typed=escape(typed, 100), number=found.total)
    blocks = [section(head), *(_choice(at, brief, draft) for at, brief in enumerate(found.first))]
    if found.total > len(found.first):
        blocks.append(context(texts.NOT_SHOWN_SAY_MORE.format(number=found.total - len(found.first))))
    if values.left_out:
        blocks.append(section(texts.NEVER_FILLED_IN.format(names=_names(values.left_out))))
    if values.has_left_out_args:
        blocks.append(section(texts.NEVER_FILLED_IN_LIST))
    return {"text": texts.CHOOSE_PLAIN, "blocks": blocks}


def no_match(typed: str, command: str) -> Block:
    return plain(texts.NO_MATCH.format(typed=escape(one_line(typed), 100), command=command))


def not_read(problem: Problem) -> Block:
    return plain(f"{texts.NOT_READ.format(text=escape(problem_text(problem), 500))}\n{texts.WRITE_SO}")


def too_many() -> Block:
    return plain(texts.TOO_MANY_MENTIONS.format(number=MOST))


def plain(text: str) -> Block:
    return {"text": text, "blocks": [section(text)]}


def notes(values: Values, left_out: Collection[Field]) -> tuple[Note, ...]:
    """Notes in the form: which values are from the message, and which of the message's values are left out."""
    lines = []
    if values.args is not None and Field.ARGS not in left_out:
        lines.append(texts.LIST_FROM_MENTION)
    if values.kwargs and Field.KWARGS not in left_out:
        lines.append(texts.FROM_MENTION.format(names=_names(values.kwargs)))
    if values.left_out:
        lines.append(texts.LEFT_OUT.format(names=_names(values.left_out)))
    if values.has_left_out_args:
        lines.append(texts.LEFT_OUT_LIST)
    lines += [texts.LEFT_OUT_FIELD[of] for of in left_out]
    return tuple(Note(Level.INFO, line) for line in lines)


def _choice(at: int, brief: Brief, draft: str) -> Block:
    name = escape(brief.name) + ("" if brief.enabled else texts.DISABLED_MARK)
    text = texts.CHOICE.format(schedule=name, task=code(brief.task))
    return section(text, accessory=button(f"{CHOOSE_PREFIX}{at}", texts.CHOOSE, f"{draft}:{brief.id}"))


def _names(names: Collection[str]) -> str:
    shown: Sequence[str] = [code(name, 60) for name in list(names)[:NAMES]]
    return ", ".join([*shown, ELLIPSIS] if len(names) > NAMES else shown)
