"""The Home tab as people use it: what the tests of Home and of favourites share."""

from typing import Any

from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from localslack.testing.person import elements_in
from tests.wire.form import shown

Json = dict[str, Any]


def home_of(slack: LocalSlack, person: Person) -> Json:
    """Opens the Home tab, and waits for what is published then."""
    before = version(person)
    person.opens_home()
    return newer(slack, person, before)


def newer(slack: LocalSlack, person: Person, before: str) -> Json:
    """The Home tab, once it is another version than this."""
    slack.wait_for(lambda: version(person) != before)
    home = person.home()
    assert home is not None
    return home


def version(person: Person) -> str:
    return str((person.home() or {}).get("hash", ""))


def says(slack: LocalSlack, person: Person, text: str) -> str:
    """All words of the Home tab, once this is among them."""
    slack.wait_for(lambda: text in words_of(person), 15)
    return words_of(person)


def words_of(person: Person) -> str:
    home = person.home()
    return shown(home).replace("&lt;", "<").replace("&gt;", ">") if home else ""


def buttons_of(home: Json) -> list[tuple[str, str]]:
    """Ids and values, from top to bottom."""
    found = [one for block in home["blocks"] for one in elements_in(block)]
    return [(one["action_id"], one["value"]) for one in found if one["type"] == "button"]


def favourites_of(home: Json) -> list[str]:
    """Their ids, as the buttons and the menu have them."""
    buttons = [value for action, value in buttons_of(home) if action == Id.HOME_RUN_FAVOURITE]
    menus = [one for block in home["blocks"] for one in elements_in(block) if one["type"] == "static_select"]
    assert [option["value"] for one in menus for option in one["options"]] == buttons
    return buttons
