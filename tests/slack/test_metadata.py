"""The form's metadata: whose it is, where its run reports, and from which run it was filled."""

import json
from dataclasses import replace

import pytest

from bot.core.model import ChannelId, MessageTs, Place, RunId, ScheduleId, SlackAccount, SlackUserId
from bot.core.seal import seal
from bot.slack.metadata import Metadata
from tests.factories import ADA, CHANNEL, PLACE, TEAM

KEYS = ("new", "old")
ACCOUNT = SlackAccount(team=TEAM, user=ADA)
THREAD = Place(channel=CHANNEL, parent=MessageTs("1.5"))


@pytest.mark.parametrize("place", [PLACE, THREAD, None])
def test_a_form_is_for_one_person_and_one_place(place: Place | None) -> None:
    ours = Metadata.load(Metadata.sealed(KEYS, ACCOUNT, place).dump())
    assert ours.place == place
    assert ours.is_for(KEYS, ACCOUNT)
    assert Metadata.sealed(("old",), ACCOUNT, place).is_for(KEYS, ACCOUNT), "sealed before the key was changed"
    assert not ours.is_for(KEYS, replace(ACCOUNT, user=SlackUserId("U0BEN")))
    elsewhere = [
        None,
        PLACE,
        THREAD,
        replace(THREAD, parent=MessageTs("1.6")),
        replace(PLACE, channel=ChannelId("C2")),
        replace(THREAD, channel=ChannelId("C2")),
        Place(channel=ChannelId(f"reply\0{CHANNEL}\0" + "1.5")),
    ]
    for other in elsewhere:
        assert replace(ours, place=other).is_for(KEYS, ACCOUNT) == (other == place)


def test_no_seal_passes_for_another_kind_of_seal() -> None:
    """The channel is named like the word in the other seal. Neither seal passes for the other."""
    filled = Metadata.sealed(KEYS, ACCOUNT, PLACE).filled_from(KEYS, ACCOUNT, RunId(5))
    again = Place(channel=ChannelId("again"), parent=MessageTs("5"))
    assert not replace(filled, place=again, mark=filled.again_mark).is_for(KEYS, ACCOUNT)
    thread = Metadata.sealed(KEYS, ACCOUNT, again)
    assert not replace(filled, again_mark=thread.mark).is_for(KEYS, ACCOUNT)


def test_a_form_that_was_opened_before_threads_were_known_still_works() -> None:
    mark = seal(KEYS[0], ACCOUNT.team, ACCOUNT.user, CHANNEL)
    old = {"channel": CHANNEL, "mark": mark, "schedule": 7, "fingerprint": "f1", "again": None, "again_mark": ""}
    found = Metadata.load(json.dumps(old))
    assert (found.place, found.schedule) == (PLACE, 7)
    assert found.is_for(KEYS, ACCOUNT)


@pytest.mark.parametrize("text", ["", "null", "[]", "7", '{"schedule": "x"}', '{"schedule": [1]}', "{"])
def test_metadata_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        Metadata.load(text)


def test_metadata_comes_back() -> None:
    metadata = Metadata(place=PLACE, mark="m", schedule=ScheduleId(3), fingerprint="abc")
    assert Metadata.load(metadata.dump()) == metadata
    bare = Metadata(place=PLACE, mark="m")
    assert Metadata.load(bare.dump()) == bare
