"""The Home tab as people use it: what the tests of Home and of favourites share."""

from typing import Any

from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from localslack.testing.person import elements_in
from tests.wire.form import shown

Json = dict[str, Any]


def home_of(slack: LocalSlack, person: Person) -> Json:
    """Opens the Home tab, and waits until the bot has published it."""
    before = version(person)
    person.opens_home()
    return newer(slack, person, before)


def newer(slack: LocalSlack, person: Person, before: str) -> Json:
    """Waits until the Home tab has another version than `before`, and returns it."""
    slack.wait_for(lambda: version(person) != before)
    home = person.home()
    assert home is not None
    return home


def version(person: Person) -> str:
    return str((person.home() or {}).get("hash", ""))


def says(slack: LocalSlack, person: Person, text: str) -> str:
    """Waits until the Home tab contains `text`, and returns all its words."""
    slack.wait_for(lambda: text in words_of(person), 15)
    return words_of(person)


def words_of(person: Person) -> str:
    home = person.home()
    return shown(home).replace("&lt;", "<").replace("&gt;", ">") if home else ""


def buttons_of(home: Json) -> list[tuple[str, str]]:
    """The action ids and values of the buttons, from top to bottom."""
    found = [one for block in home["blocks"] for one in elements_in(block)]
    return [(one["action_id"], one["value"]) for one in found if one["type"] == "button"]


def favourites_of(home: Json) -> list[str]:
    """The ids of the favourite schedules. The buttons and the menu have the same ones."""
    buttons = [value for action, value in buttons_of(home) if action == Id.HOME_RUN_FAVOURITE]
    menus = [one for block in home["blocks"] for one in elements_in(block) if one["type"] == "static_select"]
    assert [option["value"] for one in menus for option in one["options"]] == buttons
    return buttons
