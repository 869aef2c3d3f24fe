"""The sentences that say what is wrong with a text of arguments, or with a mention. `bot.texts.SENTENCES` contains them."""

from bot.core.reasons import Code

SENTENCES: dict[Code, str] = {
    Code.TYPOGRAPHIC_QUOTE: '{quote} is a typographic quote. JSON needs the straight one: "',
    Code.TOO_DEEP: "Lists and objects are nested more than {limit} deep.",
    Code.LONG_NUMBER: "This number has more than {limit} digits.",
    Code.PYTHON_WORD: "Python's {python} is written {json} in JSON.",
    Code.TRAILING_COMMA: "There must be no comma before a closing bracket.",
    Code.SINGLE_QUOTES: "JSON needs double quotes, not single quotes.",
    Code.COMMA_MISSING: "A comma or a closing bracket is missing before this.",
    Code.COLON_MISSING: "A colon is missing after the key.",
    Code.KEY_MISSING: 'A key in double quotes is missing here, as in "days": 7.',
    Code.VALUE_MISSING: "A value is missing here, or it isn't JSON (text needs double quotes).",
    Code.EXTRA_DATA: "There is more text after the end of the JSON.",
    Code.OPEN_TEXT: "This text has no closing double quote.",
    Code.OPEN_TEXT_TYPOGRAPHIC: "This text has no closing double quote; {quote} is a typographic quote and closes nothing.",
    Code.CONTROL_CHARACTER: "A line break or tab inside a text must be written as \\n or \\t.",
    Code.BAD_ESCAPE: "A backslash inside a text must be doubled: \\\\",
    Code.BAD_UNICODE_ESCAPE: "\\u must be followed by four hexadecimal digits.",
    Code.NOT_JSON: "This isn't JSON ({message}).",
    Code.NOT_A_NUMBER: "{word} isn't JSON.",
    Code.NUMBER_TOO_LARGE: "This number is too large.",
    Code.HALF_CHARACTER: "This text contains half a character (a lone \\ud800 to \\udfff).",
    Code.DOUBLED_KEY: "The key {key} appears a second time here.",
    Code.TOO_LONG: "This is {length:,} characters long; {limit:,} are allowed.",
    Code.LIST_EMPTY: "Type a JSON list; [] sends nothing.",
    Code.OBJECT_EMPTY: "Type a JSON object; {{}} sends nothing.",
    Code.NOT_A_LIST: 'This must be a JSON list, such as [7, "EU"].',
    Code.NOT_AN_OBJECT: 'This must be a JSON object, such as {{"days": 7}}.',
    Code.TOO_MANY_ARGUMENTS: "Too many arguments: the task takes at most {limit}, and there are {given}.",
    Code.NO_ARGUMENTS: "Too many arguments: the task takes none, and there are {given}.",
    Code.ARGUMENT_TWICE: 'The argument "{name}" is given twice: it is in the list of arguments, too.',
    Code.UNKNOWN_ARGUMENT: 'Unknown argument "{name}"; the task takes {known}.',
    Code.MISSPELLED_ARGUMENT: 'Unknown argument "{name}", did you mean "{known}"?',
    Code.NO_KEYWORDS: 'Unknown argument "{name}"; the task takes none.',
    Code.ARGUMENT_MISSING: 'The task needs the argument "{name}".',
    Code.BAD_TYPED_VALUE: (
        'An object with "__type__" and "__value__" means a date, a decimal and so on, but this object can\'t be read.'
    ),
    Code.MENTION_NO_NAME: "The schedule's name is missing: it comes first, then the values.",
    Code.MENTION_NOT_A_PAIR: (
        "After the schedule's name there may be only key=value, without spaces around the =, and JSON."
        " Text with spaces needs quotes."
    ),
    Code.MENTION_TWO_LISTS: "There are two JSON lists. The task has only one list of arguments.",
    Code.MENTION_OPEN_QUOTE: "A text has no closing quote, or no space after it.",
    Code.MENTION_NO_SPACE: "A space is missing after a closing bracket.",
    Code.MASK_WITHOUT_SECRET: "•••••• stands for a stored secret, but none is stored at {where}. Type the value itself.",
    Code.MASK_EDITED: (
        "The text at {where} holds a stored secret, shown as ••••••. Leave the whole text as it was, or type all of it anew."
    ),
    Code.MASK_MOVED: (
        "At {where}, the values around •••••• have changed, so it isn't sure which secret it stands for. Put them back as"
        " they were, or type the secrets themselves."
    ),
    Code.MASK_FOREIGN: (
        "At {where}, •••••• stands for a secret of somebody else's run, and the schedule doesn't store this secret. Type the"
        " secret itself, or begin with the schedule's own values."
    ),
}
