"""The form as people use it: what the tests of picking, filling and submitting share."""

from typing import Any

from bot.slack.ids import Id
from bot.slack.texts import DISABLED_MARK
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS


def opened(slack: LocalSlack, person: Person, typed: str = "/runtask", channel: str = OPS) -> dict[str, Any]:
    """Types the command and waits for the form."""
    assert person.types(channel, typed)["ack"] == ""
    return slack.wait_for(person.modal)


def top(person: Person) -> dict[str, Any]:
    """The form as it is now."""
    modal = person.modal()
    assert modal is not None
    return modal


def picked(slack: LocalSlack, person: Person, name: str) -> dict[str, Any]:
    """Picks a schedule, by its label, in the open form and waits for its details."""
    before = top(person)["hash"]
    person.picks(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, name.removesuffix(DISABLED_MARK), name)
    slack.wait_for(lambda: top(person)["hash"] != before)
    return top(person)


def inputs(modal: dict[str, Any]) -> dict[str, str]:
    """What the JSON inputs hold, by `args` and `kwargs`."""
    values = modal["state"]["values"]
    blocks = [block for block in modal["blocks"] if block["block_id"].startswith(("args:", "kwargs:"))]
    return {b["block_id"].partition(":")[0]: values[b["block_id"]][Id.JSON_INPUT]["value"] for b in blocks}


def shown(modal: dict[str, Any]) -> str:
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


def errors(answer: dict[str, Any]) -> dict[str, str]:
    """The errors of a submission, by the block they stand under, without the fresh part of its id."""
    assert answer["ok"], answer
    return {block.partition(":")[0]: text for block, text in answer.get("errors", {}).items()}
