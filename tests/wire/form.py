"""The form as people use it: what the tests of picking, filling and submitting share."""

from typing import Any

from bot.slack.ids import FILL_PREFIX, Id
from bot.slack.texts import DISABLED_MARK
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS

Json = dict[str, Any]


def opened(slack: LocalSlack, person: Person, typed: str = "/runtask", channel: str = OPS) -> Json:
    """Types the command and waits for the form."""
    assert person.types(channel, typed)["ack"] == ""
    return slack.wait_for(person.modal)


def top(person: Person) -> Json:
    """The modal on top, as it is now. That is the form, unless there is a window above it."""
    modal = person.modal()
    assert modal is not None
    return modal


def picked(slack: LocalSlack, person: Person, name: str) -> Json:
    """Picks a schedule, by its label, in the open form and waits for its details."""
    before = top(person)["hash"]
    person.picks(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, name.removesuffix(DISABLED_MARK), name)
    slack.wait_for(lambda: top(person)["hash"] != before)
    return top(person)


def inputs(modal: Json) -> dict[str, str]:
    """The text in the JSON inputs, by `args` and `kwargs`."""
    values = modal["state"]["values"]
    blocks = [block for block in modal["blocks"] if block["block_id"].startswith(("args:", "kwargs:"))]
    return {b["block_id"].partition(":")[0]: values[b["block_id"]][Id.JSON_INPUT]["value"] for b in blocks}


def shown(modal: Json) -> str:
    """All text of the form outside its inputs, one block a line."""
    return "\n".join(words(block) for block in modal["blocks"] if block["type"] != "input")


def words(block: Any) -> str:
    """Every text in a block, however deep."""
    if isinstance(block, list):
        return " ".join(map(words, block))
    if isinstance(block, dict):
        own = block.get("text")
        return own if isinstance(own, str) else " ".join(words(v) for v in block.values() if isinstance(v, dict | list))
    return ""


def errors(answer: Json) -> dict[str, str]:
    """The errors of a submission, by the part of their block's id that is the same in each form."""
    assert answer["ok"], answer
    return {block.partition(":")[0]: text for block, text in answer.get("errors", {}).items()}


def menu(modal: Json) -> list[Json]:
    """The options under "Fill in from". The list is empty if there are none."""
    block = next((block for block in modal["blocks"] if block["block_id"].startswith(FILL_PREFIX)), None)
    return list(block["element"]["options"]) if block else []


def fill_from(slack: LocalSlack, person: Person, value: str) -> Json:
    before = top(person)["hash"]
    option = next(option for option in menu(top(person)) if option["value"] == value)
    person.sets(FILL_PREFIX, Id.FILL_SELECT, selected_option=option)
    slack.wait_for(lambda: top(person)["hash"] != before)
    return top(person)
