"""Slack's complaints about a payload, in Slack's words and shapes.

The wording comes from recorded answers (limits.json, error_shape; gh:slack-go/slack#805, gh:java-slack-sdk#302,
gh:nicklambourne/slackblocks#36): a text, and a JSON pointer to the place.
"""

from typing import Any

Json = dict[str, Any]
# Recorded answers have no "failed to match" line before these.
_ALONE = ("missing required field", "must define", "unsupported type", "invalid `trigger_id`")
_NO_MATCH = "failed to match all allowed schemas"


class Problems:
    """The complaints about one payload, in the order in which they were found."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, message: str, at: str) -> None:
        """Complain about the place at the JSON pointer `at`."""
        self._found.append((message, at))

    def lines(self) -> list[str]:
        """Each complaint with its place."""
        return [f"{message} [json-pointer:{at}]" for message, at in self._found]

    def for_view(self) -> Json:
        """The answer of views.*: `invalid_arguments`."""
        lines = self.lines()
        if any(not message.startswith(_ALONE) for message, _ in self._found):
            lines.insert(0, f"{_NO_MATCH} [json-pointer:/view]")
        return {"error": "invalid_arguments", "response_metadata": {"messages": [f"[ERROR] {one}" for one in lines]}}

    def for_message(self) -> Json:
        """The answer of chat.*: `invalid_blocks`, with the complaints in `errors` and again in `response_metadata`."""
        lines: list[str] = []
        for message, at in self._found:
            if not message.startswith(_ALONE):
                lines.append(f"{_NO_MATCH} [json-pointer:{at.rpartition('/')[0]}]")
            lines.append(f"{message} [json-pointer:{at}]")
        errors = list(dict.fromkeys(lines))
        metadata = {"messages": [f"[ERROR] {one}" for one in errors]}
        return {"error": "invalid_blocks", "errors": errors, "response_metadata": metadata}
