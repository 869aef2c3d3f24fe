"""A draft keeps the values of a mention for its author alone, for ten minutes, without secrets."""

import inspect
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.mention import Mention
from bot.core.model import ChannelId, InstallationId, MessageTs, Place, SlackAccount, SlackUserId, TeamId
from bot.models import Draft
from bot.runs import cleanup, clock, drafts
from bot.runs.drafts import Values, Written
from bot.runs.refusals import NoSuchDraft, NotAllowed
from tests.factories import ADA, INSTALLATION, TEAM, a_profile
from tests.runs.conftest import Door

WRITTEN = Written(
    installation=INSTALLATION,
    account=SlackAccount(team=TEAM, user=ADA),
    place=Place(channel=ChannelId("C1")),
    message=MessageTs("1700000000.000200"),
)


def keep(written: Written = WRITTEN, values: Values = drafts.NOTHING) -> str:
    key = drafts.new_key()
    return key if drafts.keep(key, written, values) else ""


def safe(door: Door, args: list[Any] | None = None, **kwargs: Any) -> Values:
    tasks = [schedule.task for schedule in door.catalog.schedules.values()]
    return drafts.without_secrets(door.platform, Mention(name="x", args=args, kwargs=kwargs), tasks)


def test_a_draft_comes_back_to_its_author(door: Door) -> None:
    place = Place(channel=ChannelId("C1"), parent=MessageTs("1699999999.000100"))
    values = Values(args=[1.5, "ü"], kwargs={"days": 30}, left_out=("token",), has_left_out_args=True)
    key = keep(replace(WRITTEN, place=place), values)
    assert drafts.get(door.admitted(), INSTALLATION, key) == (place, values)
    assert len(key) > 40


def test_a_message_is_answered_once(door: Door) -> None:
    """Several processes may get its event; the database decides which one answers."""
    assert keep()
    assert not keep(values=Values(kwargs={"days": 30}))
    assert keep(replace(WRITTEN, message=MessageTs("1700000000.000300")))
    assert keep(replace(WRITTEN, place=Place(channel=ChannelId("C2"))))
    assert keep(replace(WRITTEN, installation=InstallationId("T0001/A0002")))  # the mention names that app, too
    assert Draft.objects.count() == 4


def test_a_draft_of_somebody_else_does_not_exist(door: Door) -> None:
    key = keep()
    actor = door.actor
    someone_else = replace(actor, slack=SlackAccount(team=TEAM, user=SlackUserId("U0BEN")))
    home = TeamId("T0002")
    of_same_id = replace(actor, slack=SlackAccount(team=home, user=ADA), team=home, profile=a_profile(home=home))
    on_the_site = replace(actor, slack=None)
    for someone in (someone_else, of_same_id, on_the_site):
        with pytest.raises(NoSuchDraft):
            drafts.get(door.admitted(someone), INSTALLATION, key)
    for installation, wanted in ((InstallationId("T0001/A0002"), key), (INSTALLATION, "no such key")):
        with pytest.raises(NoSuchDraft):
            drafts.get(door.admitted(actor), installation, wanted)
    with pytest.raises(NotAllowed):
        drafts.get(door.admitted(replace(actor, is_active=False)), INSTALLATION, key)


def test_a_draft_expires_after_ten_minutes(door: Door) -> None:
    key = keep()
    left = Draft.objects.get().valid_until - clock.now()
    assert timedelta(minutes=9, seconds=50) < left <= timedelta(minutes=10)
    Draft.objects.update(valid_until=clock.now() - timedelta(seconds=1))
    with pytest.raises(NoSuchDraft):
        drafts.get(door.admitted(), INSTALLATION, key)


def test_expired_drafts_are_deleted(door: Door) -> None:
    for number, minutes in enumerate((-1, 1)):
        keep(replace(WRITTEN, message=MessageTs(f"1700000000.00000{number}")))
        latest = Draft.objects.latest("pk")
        Draft.objects.filter(pk=latest.pk).update(valid_until=clock.now() + timedelta(minutes=minutes))
    cleanup.forget_old_drafts(now=clock.now())
    assert [draft.message for draft in Draft.objects.all()] == ["1700000000.000001"]


@pytest.mark.parametrize(
    ("kwargs", "left_out"),
    [
        ({"days": 30, "token": "x"}, ("token",)),
        ({"days": 30, "login": {"token": "a-long-secret"}, "note": "with a-long-secret"}, ("login", "note")),
        ({"days": 30, "url": "https://ada:hunter2@shop.example"}, ("url",)),
        ({"days": 30, "text": "token=abcdefgh"}, ("text",)),
    ],
)
def test_secrets_are_left_out(door: Door, kwargs: dict[str, Any], left_out: tuple[str, ...]) -> None:
    found = safe(door, **kwargs)
    assert (dict(found.kwargs), found.left_out) == ({"days": 30}, left_out)
    keep(values=found)
    stored = json.dumps(Draft.objects.values().get(), default=str)
    assert not [secret for secret in ("a-long-secret", "hunter2", "abcdefgh") if secret in stored]


def test_a_list_with_a_secret_is_left_out_by_the_names_of_its_task(door: Door) -> None:
    assert safe(door, [1, "x"]).args == [1, "x"]
    door.catalog.signatures["reports.tasks.nightly"] = inspect.signature(lambda days, token: None)
    found = safe(door, [1, "x"], days=30)
    assert (found.args, found.has_left_out_args, found.kwargs) == (None, True, {"days": 30})
    assert safe(door, []).args == []
