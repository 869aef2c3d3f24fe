"""Says what a person may do with a schedule. People who write rules see this in the admin and on the command line."""

from collections.abc import Iterator

from bot.core.approval import needs
from bot.core.entry import Entry
from bot.core.explained import Explained, Verdict
from bot.core.policy import Denied
from bot.core.reasons import Code
from bot.core.rights import Action
from bot.core.text import one_line
from bot.rule_texts import need_text
from bot.texts import sentence

GLOB_MATCHES_NOTHING = "No schedule matches {glob} of the rule “{rule}”."
MATCHING = "Rules that match it: {rules}."
NONE_MATCHES = "No rule matches it."
YES = "{what}: yes."
YES_IF = "{what}: yes. {conditions}"
NO = "{what}: no. {why}"
ACTIONS = {
    (Action.SEE, None): "See it",
    (Action.RUN, Entry.SLACK): "Run it from Slack",
    (Action.RUN, Entry.WEB): "Run it on the site",
    (Action.RUN, Entry.API): "Run it by the API",
    (Action.STOP, None): "Stop its runs",
    (Action.APPROVE, None): "Approve other people's runs of it",
}
NOTHING = {  # refusals that concern the account as a whole
    Code.NOT_STAFF: "This person may do nothing: their account on the site isn't a staff account.",
    Code.INACTIVE: "This person may do nothing: their account on the site is deactivated.",
}
OF_THEM = {  # refusals whose usual sentences speak to the person: here, they speak about the person
    Code.NO_PERMISSION: "Their account on the site doesn't have the permission for this ({permission}).",
    Code.RULE_RUN: "The rule “{rule}” is for members of {groups}.",
    Code.RULE_STOP: "The rule “{rule}” is for members of {groups}.",
    Code.RULE_APPROVE: "The rule “{rule}” leaves that to other people.",
}
ARGUMENTS = "The rule “{rule}” limits the arguments."
CHANNELS = "The rule “{rule}” allows these channels only: {channels}."
REASON = "The rule “{rule}” asks for a reason."
ALONE = "The rule “{rule}” allows one run at a time."
WINDOWS = "The rule “{rule}” closes it at these times: {windows}."
HIDDEN_BY = "The rule “{rule}” shows it to members of {groups} only."


def lines_of(found: Explained) -> list[str]:
    """One line for the rules, and one for each action; or one for all actions if the person may do nothing."""
    names = ", ".join(f"“{one_line(rule.name)}”" for rule in found.rules)
    matching = MATCHING.format(rules=names) if names else NONE_MATCHES
    codes = (verdict.denied.code for verdict in found.verdicts if verdict.denied is not None)
    nothing = next((NOTHING[code] for code in codes if code in NOTHING), None)
    return [matching, *([nothing] if nothing else (_line(verdict, found) for verdict in found.verdicts))]


def _line(verdict: Verdict, found: Explained) -> str:
    what, denied = ACTIONS[verdict.action, verdict.entry], verdict.denied
    if denied is None:
        conditions = " ".join(_conditions(verdict.entry, found)) if verdict.action is Action.RUN else ""
        return YES_IF.format(what=what, conditions=conditions) if conditions else YES.format(what=what)
    if denied.is_hidden:
        sentences = (HIDDEN_BY.format(rule=one_line(rule.name), groups=", ".join(rule.see)) for rule in found.hiding)
        return NO.format(what=what, why=" ".join(sentences))
    return NO.format(what=what, why=_why(denied))


def _why(denied: Denied) -> str:
    text = OF_THEM.get(denied.code)
    if text is None:
        return sentence(denied)
    return text.format(**{name: one_line(str(value)) for name, value in denied.params.items()})


def _conditions(entry: Entry | None, found: Explained) -> Iterator[str]:
    """What rules demand of a run that this person may start by this entry."""
    named = [(one_line(rule.name), rule) for rule in found.rules]
    if entry is Entry.SLACK:
        yield from (CHANNELS.format(rule=name, channels=", ".join(one.channels)) for name, one in named if one.channels)
    yield from map(need_text, needs(found.rules))
    yield from (ARGUMENTS.format(rule=name) for name, one in named if one.arguments is not None)
    yield from (REASON.format(rule=name) for name, one in named if one.reason)
    yield from (ALONE.format(rule=name) for name, one in named if one.one_at_a_time)
    yield from (WINDOWS.format(rule=name, windows=", ".join(one.closed)) for name, one in named if one.closed)
