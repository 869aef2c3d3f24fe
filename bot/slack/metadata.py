"""The values that the form carries to Slack and back (`private_metadata`)."""

import json
from dataclasses import dataclass, replace

from bot.core.model import ChannelId, RunId, ScheduleId, SlackAccount
from bot.core.seal import holds, seal


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The channel and the run are signed for the person who sees the form. The rest is checked against the database."""

    channel: ChannelId
    mark: str
    schedule: ScheduleId | None = None
    fingerprint: str = ""
    again: RunId | None = None  # the run whose values the form was filled with
    again_mark: str = ""

    @classmethod
    def sealed(cls, keys: tuple[str, ...], account: SlackAccount, channel: ChannelId) -> "Metadata":
        return cls(channel=channel, mark=seal(keys[0], account.team, account.user, channel))

    def blank(self) -> "Metadata":
        """The same form without a schedule."""
        return Metadata(channel=self.channel, mark=self.mark)

    def filled_from(self, keys: tuple[str, ...], account: SlackAccount, run: RunId | None) -> "Metadata":
        mark = "" if run is None else seal(keys[0], *_of_run(account, run))
        return replace(self, again=run, again_mark=mark)

    def is_for(self, keys: tuple[str, ...], account: SlackAccount) -> bool:
        """Whether we made this form, and for this person."""
        if not any(holds(self.mark, key, account.team, account.user, self.channel) for key in keys):
            return False
        return self.again is None or any(holds(self.again_mark, key, *_of_run(account, self.again)) for key in keys)

    def dump(self) -> str:
        return json.dumps(vars(self))

    @classmethod
    def load(cls, text: str) -> "Metadata":
        """Raises ValueError."""
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("private_metadata isn't an object")  # noqa: TRY004  # as for other text that isn't ours
        schedule, again = raw.get("schedule"), raw.get("again")
        return cls(
            channel=ChannelId(str(raw.get("channel", ""))),
            mark=str(raw.get("mark", "")),
            schedule=None if schedule is None else ScheduleId(int(schedule)),
            fingerprint=str(raw.get("fingerprint", "")),
            again=None if again is None else RunId(int(again)),
            again_mark=str(raw.get("again_mark", "")),
        )


def _of_run(account: SlackAccount, run: RunId) -> tuple[str, ...]:
    """No channel is called so, so that one of the two seals can't stand for the other."""
    return account.team, account.user, "again", str(run)
