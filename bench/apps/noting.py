"""Settings of a site whose processes note each answer to Slack: when it was begun, and when it was sent, a line in their log."""

import time

from bot.settings import *  # noqa: F403
from bot.slack import afterwards


class Noted(afterwards.Answer):
    """Moments are of `time.monotonic()`."""

    def __post_init__(self) -> None:
        self._begun = time.monotonic()
        super().__post_init__()

    def out(self) -> None:
        sent, is_first = time.monotonic(), not self._is_out
        super().out()
        if is_first:
            print("noted", self._begun, sent, flush=True)


afterwards.Answer = Noted  # type: ignore[misc]
