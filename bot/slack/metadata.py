"""The values that the form carries to Slack and back (`private_metadata`)."""

import json
from dataclasses import dataclass

from bot.core.model import ChannelId, ScheduleId, SlackAccount
from bot.core.seal import holds, seal


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The channel is signed for the person who typed the command there. The rest is checked against the database."""

    channel: ChannelId
    mark: str
    schedule: ScheduleId | None = None
    fingerprint: str = ""

    @classmethod
    def sealed(cls, keys: tuple[str, ...], account: SlackAccount, channel: ChannelId) -> "Metadata":
        return cls(channel=channel, mark=seal(keys[0], account.team, account.user, channel))

    def is_for(self, keys: tuple[str, ...], account: SlackAccount) -> bool:
        """Whether we made this form, and for this person."""
        return any(holds(self.mark, key, account.team, account.user, self.channel) for key in keys)

    def dump(self) -> str:
        return json.dumps(vars(self))

    @classmethod
    def load(cls, text: str) -> "Metadata":
        """Raises ValueError."""
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("private_metadata isn't an object")  # noqa: TRY004  # as for other text that isn't ours
        schedule = raw.get("schedule")
        return cls(
            channel=ChannelId(str(raw.get("channel", ""))),
            mark=str(raw.get("mark", "")),
            schedule=None if schedule is None else ScheduleId(int(schedule)),
            fingerprint=str(raw.get("fingerprint", "")),
        )
