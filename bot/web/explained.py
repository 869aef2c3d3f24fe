"""Says what a person may do with a schedule. People who write rules see this in the admin and on the command line."""

from bot.core.entry import Entry
from bot.core.explained import Explained, Verdict
from bot.core.rights import Action
from bot.core.text import one_line
from bot.texts import sentence

GLOB_MATCHES_NOTHING = "No schedule matches {glob} of the rule “{rule}”."
MATCHING = "Rules that match it: {rules}."
NONE_MATCHES = "No rule matches it."
YES = "{what}: yes."
NO = "{what}: no. {why}"
ACTIONS = {
    (Action.SEE, None): "See it",
    (Action.RUN, Entry.SLACK): "Run it from Slack",
    (Action.RUN, Entry.WEB): "Run it on the site",
    (Action.RUN, Entry.API): "Run it by the API",
    (Action.STOP, None): "Stop its runs",
}
HIDDEN_BY = "The rule “{rule}” shows it to members of {groups} only."


def lines_of(found: Explained) -> list[str]:
    """One line for the rules, and one for each action."""
    names = ", ".join(f"“{one_line(rule.name)}”" for rule in found.rules)
    matching = MATCHING.format(rules=names) if names else NONE_MATCHES
    return [matching, *(_line(answer, found) for answer in found.answers)]


def _line(answer: Verdict, found: Explained) -> str:
    what, denied = ACTIONS[answer.action, answer.entry], answer.denied
    if denied is None:
        return YES.format(what=what)
    if denied.is_hidden:
        whys = (HIDDEN_BY.format(rule=one_line(rule.name), groups=", ".join(rule.see)) for rule in found.hiding)
        return NO.format(what=what, why=" ".join(whys))
    return NO.format(what=what, why=sentence(denied))
