"""What rules and permissions refuse, and what is wrong with a rule or a file of rules. Whole sentences, as in bot.texts."""

import re

from bot.core.entry import Entry
from bot.core.reasons import Code, Params
from bot.core.rights import Need
from bot.core.text import one_line

APPROVE, DECLINE = "Approve", "Decline"
NOBODY_IN_TIME = "It didn't get all the approvals that it needed in time, so it was not sent."
IS_APPROVED_BY_ONE = "You have approved this run. It waits for the yes of somebody else, too."
ENTRIES: dict[str, str] = {Entry.SLACK: "Slack", Entry.WEB: "the site's pages", Entry.API: "the API"}
MUST = {  # by keyword of a JSON Schema
    "type": "it must be {expected}",
    "enum": "it must be one of {expected}",
    "const": "it must be {expected}",
    "minimum": "it must be at least {expected}",
    "maximum": "it must be at most {expected}",
    "exclusiveMinimum": "it must be more than {expected}",
    "exclusiveMaximum": "it must be less than {expected}",
    "multipleOf": "it must be a multiple of {expected}",
    "minLength": "it must have at least {expected} characters",
    "maxLength": "it must have at most {expected} characters",
    "minItems": "it must have at least {expected} items",
    "maxItems": "it must have at most {expected} items",
}
OTHERWISE = "{keyword} is {expected}"
TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
NEED = {  # by two flags: one yes is enough; the rule names groups
    (True, True): (
        "The rule “{rule}” asks for the yes of another person, a member of {groups}. Nothing is sent before that."
    ),
    (True, False): "The rule “{rule}” asks for the yes of another person who may run it. Nothing is sent before that.",
    (False, True): (
        "The rule “{rule}” asks for the yes of {needed} other people, members of {groups}. Nothing is sent before that."
    ),
    (False, False): (
        "The rule “{rule}” asks for the yes of {needed} other people who may run it. Nothing is sent before that."
    ),
}

SENTENCES: dict[Code, str] = {
    # Refusals
    Code.NO_PERMISSION: (
        "Your account on the site doesn't have the permission for this ({permission}). Ask an administrator of the site for it."
    ),
    Code.HIDDEN: "This schedule no longer exists. Pick another one.",
    Code.RULE_RUN: (
        "You can't run this schedule: the rule “{rule}” is for members of {groups}."
        " Ask one of them to run it, or an administrator of the site to add you to that group."
    ),
    Code.RULE_STOP: (
        "You can't stop runs of this schedule: the rule “{rule}” is for members of {groups}."
        " Ask one of them to stop it, or an administrator of the site to add you to that group."
    ),
    Code.RULE_ENTRIES: "It can't be run from here: the rule “{rule}” allows {entries} only.",
    Code.RULE_CHANNELS: (
        "It can't be run from this channel: the rule “{rule}” allows {channels} only."
        " Type the command there, or ask an administrator of the site."
    ),
    Code.RULE_KILL: "Runs of this schedule are never terminated: the rule “{rule}” says so.",
    Code.RULE_APPROVE: "You can't approve or decline this run: the rule “{rule}” leaves that to other people.",
    Code.OWN_RUN: "Nobody approves their own run, whichever account they use. Somebody else must say yes.",
    Code.NOT_BY_API: "Runs are approved and declined by people, in Slack or on the site's pages, and not by a script.",
    Code.OTHER_REQUEST: "This button belongs to another request. Open the run's page, or its thread, and press the button there.",
    Code.PAUSED: (
        "Nothing can be run on this site at the moment: an administrator has paused it (“{reason}”). Try again when it goes on."
    ),
    Code.CLOSED: "It can't be run before {until}: the rule “{rule}” has closed it until then.",
    Code.BUSY: (
        "It can't be run now: the rule “{rule}” allows one run at a time, and another run of it has not ended. Wait for its end, or stop it."
    ),
    Code.REASON_MISSING: "Say why you run it: the rule “{rule}” asks for a reason.",
    Code.WHY_MISSING: "Say why: the person who asked for this run reads it.",
    Code.REASON_TOO_LONG: "A reason has at most {limit} characters; this one has {length}.",
    Code.RULE_ARGS_UNNAMED: (
        "These must stay as they are stored: the rule “{rule}” limits arguments by name, and this site doesn't know the names of"
        " this task's positional ones."
    ),
    Code.RULE_PLACE_ONLY: (
        "The rule “{rule}” limits arguments, and this task takes {name} by its position only. Give its value in the list of arguments,"
        " not by name."
    ),
    Code.RULE_NEEDS_ARGUMENT: "The rule “{rule}” needs the argument {name}.",
    Code.RULE_REFUSES_ARGUMENTS: "The rule “{rule}” doesn't allow these arguments: {must}.",
    Code.RULE_REFUSES_VALUE: "The rule “{rule}” doesn't allow this value of {name}: {must}.",
    Code.RULE_UNCHECKED: (
        "The rule “{rule}” limits arguments, and this site can't check them. An administrator must install the extra “{extra}”."
    ),
    Code.RULE_TOO_SLOW: (
        "The rule “{rule}” doesn't allow this: its check takes too long for these values. Try fewer or shorter values, or ask an"
        " administrator to simplify the rule's “arguments”."
    ),
    Code.RULE_BAD_PATTERN: (
        "The rule “{rule}” limits arguments by a “pattern” that this site can't read. An administrator must correct it."
    ),
    # Mistakes in a file
    Code.NOT_YAML: "This isn't YAML: {message}.",
    Code.YAML_ALIAS: "Aliases aren't allowed. Write the value again.",
    Code.YAML_TAG: "This must be a text, a number, true or false, a list or a mapping. Put quotes around a text that looks like a date.",
    Code.NOT_RULES: "This must be a list of rules: each begins with “- name: …”.",
    Code.NO_RULES: "This list is empty. To delete all rules, add --empty.",
    Code.NOT_A_RULE: "This must be a rule: fields with values, such as “name: …”.",
    Code.UNKNOWN_FIELD: "A rule has no field {name}.",
    Code.MISSPELLED_FIELD: "A rule has no field {name}; did you mean {known}?",
    Code.NO_NAME: "A rule needs a name: a text of one line and at most {limit} characters.",
    Code.NAME_TWICE: "There is another rule named {name}.",
    Code.MATCHES_NOTHING: "A rule needs tasks or schedules: without them it matches nothing.",
    Code.NOT_A_TEXT: "This must be a text.",
    Code.NOT_TEXTS: "This must be a list of texts with at least one. If the rule says nothing of it, leave the field out.",
    Code.NOT_A_FLAG: "This must be true or false.",
    Code.NOT_A_COUNT: "This must be a whole number from 0 to {limit}.",
    Code.NOT_HOURS: "This must be a number above 0, at most {limit}.",
    Code.NOT_ONE_OF: "This must be one of: {known}.",
    Code.NOT_A_CHANNEL: "{given} is not a channel's id, like C0123456789. Slack shows the id at the end of the channel's details.",
    Code.NOT_A_USER_GROUP: "{given} is not the id of a Slack user group, like S0123ABCD.",
    Code.NOT_A_MENTION: "{given} is not the id of a Slack user group or user, like S0123ABCD or U0123ABCD.",
    Code.NO_SUCH_GROUP: "There is no group {name} on this site.",
    Code.BAD_WINDOW: "{given} is not a window, like “Fri 16:00-Mon 06:00 Europe/Berlin” or “22:00-06:00 Europe/Berlin”.",
    Code.NOT_A_SCHEMA: "This must be a JSON Schema: a mapping, with “properties”.",
    Code.BAD_SCHEMA: "This is not a valid JSON Schema: {message}",
    Code.SCHEMA_DIALECT: "Only this dialect of JSON Schema is known here: {known}.",
    Code.UNKNOWN_KEYWORD: "The keyword {keyword} can't be used in a rule's schema.",
    Code.MISSPELLED_KEYWORD: "The keyword {keyword} can't be used in a rule's schema; did you mean {known}?",
    Code.KEYWORD_NEEDS_TYPE: "{keyword} needs “type: {types}” beside it: it lets values of any other type through.",
    Code.SCHEMA_NEEDS_TYPE: "{name} needs a type, an enum or a const: otherwise values of any other type get through.",
    Code.SCHEMA_NEEDS_REQUIRED: "{name} must be listed in “required”: otherwise a run that leaves it out gets through.",
    Code.FOREIGN_REFERENCE: "{target} doesn't lead to this schema's own “$defs”, and nothing is fetched.",
    Code.CIRCULAR_REFERENCE: "{target} leads back to itself.",
    Code.SCHEMA_TOO_LARGE: (
        "This schema has more than {limit:,} parts, counted as often as a “$ref” leads to them. To check a run would take too long."
    ),
    Code.NOT_JSON_VALUE: "{given} is not a JSON value. Put quotes around a text that looks like a date.",
    Code.NO_EXTRA: "This needs a package that isn't installed here. Install django-runtask with the extra “{extra}”.",
}


def in_words(code: Code, params: Params) -> dict[str, str]:
    """Further values for the sentence: entries, and keywords of a JSON Schema, in words."""
    if code is Code.RULE_ENTRIES:
        return {"entries": ", ".join(ENTRIES.get(one, one) for one in str(params["entries"]).split(", "))}
    if code in (Code.RULE_REFUSES_VALUE, Code.RULE_REFUSES_ARGUMENTS):
        keyword, expected = (one_line(str(params.get(name, ""))) for name in ("keyword", "expected"))
        return {"must": MUST.get(keyword, OTHERWISE).format(keyword=keyword, expected=_expected(keyword, expected))}
    return {}


def _expected(keyword: str, expected: str) -> str:
    """The value of a schema's keyword, in words. `expected` is the value as JSON, which may be cut off."""
    if keyword == "type":
        return " or ".join(TYPES.get(one, one) for one in re.findall(r"\w+", expected))
    return expected.removeprefix("[").removesuffix("]") if keyword == "enum" else expected


def need_text(need: Need) -> str:
    """Which rule asks for approval, how many people must approve, and who can."""
    groups = ", ".join(map(one_line, need.approvers))
    return NEED[need.needed == 1, bool(groups)].format(rule=one_line(need.rule), needed=need.needed, groups=groups)
