"""The values that the form carries to Slack and back (`private_metadata`)."""

import json
from dataclasses import dataclass, replace

from bot.core.model import ChannelId, MessageTs, Place, RunId, ScheduleId, SlackAccount
from bot.core.seal import holds, seal


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The place and the run are signed for the person who sees the form. The rest is checked against the database."""

    place: Place | None  # None: the form asks where the run's messages go
    mark: str  # the signature of the place
    schedule: ScheduleId | None = None
    fingerprint: str = ""
    again: RunId | None = None  # the run whose values the form was filled with
    again_mark: str = ""  # the signature of `again`

    @classmethod
    def sealed(cls, keys: tuple[str, ...], account: SlackAccount, place: Place | None) -> "Metadata":
        return cls(place=place, mark=seal(keys[0], *_of_place(account, place)))

    @property
    def channel(self) -> ChannelId | None:
        """Where the run's messages will go. None: the form asks for that."""
        return None if self.place is None else self.place.channel

    def blank(self) -> "Metadata":
        """The values of the same form without a schedule."""
        return Metadata(place=self.place, mark=self.mark)

    def filled_from(self, keys: tuple[str, ...], account: SlackAccount, run: RunId | None) -> "Metadata":
        mark = "" if run is None else seal(keys[0], *_of_run(account, run))
        return replace(self, again=run, again_mark=mark)

    def is_for(self, keys: tuple[str, ...], account: SlackAccount) -> bool:
        """Whether we made this form, and for this person."""
        if not holds(self.mark, keys, *_of_place(account, self.place)):
            return False
        return self.again is None or holds(self.again_mark, keys, *_of_run(account, self.again))

    def dump(self) -> str:
        return json.dumps(
            {
                "channel": self.place.channel if self.place else "",
                "parent": self.place.parent if self.place else None,
                "mark": self.mark,
                "schedule": self.schedule,
                "fingerprint": self.fingerprint,
                "again": self.again,
                "again_mark": self.again_mark,
            }
        )

    @classmethod
    def load(cls, text: str) -> "Metadata":
        """Raises ValueError. A form that was opened before an update may lack some of the values."""
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("private_metadata isn't an object")  # noqa: TRY004  # as for other text that isn't ours
        schedule, again, parent = raw.get("schedule"), raw.get("again"), raw.get("parent")
        channel = ChannelId(str(raw.get("channel", "")))
        return cls(
            place=Place(channel=channel, parent=None if parent is None else MessageTs(str(parent)))
            if channel
            else None,
            mark=str(raw.get("mark", "")),
            schedule=None if schedule is None else ScheduleId(int(schedule)),
            fingerprint=str(raw.get("fingerprint", "")),
            again=None if again is None else RunId(int(again)),
            again_mark=str(raw.get("again_mark", "")),
        )


def _of_place(account: SlackAccount, place: Place | None) -> tuple[str, ...]:
    """The parts that are signed. No two values that the form carries have equal parts, so no signature fits another value."""
    if place is None:
        return account.team, account.user, ""
    if place.parent is None:
        return account.team, account.user, place.channel
    return account.team, account.user, "reply", place.channel, place.parent


def _of_run(account: SlackAccount, run: RunId) -> tuple[str, ...]:
    return account.team, account.user, "again", str(run)
