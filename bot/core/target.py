"""Where a message goes, in words: the same before it is sent (form, run page) and afterwards (the run's record)."""

from datetime import datetime

from bot.core.model import Target

Value = str | datetime


def words(target: Target) -> list[tuple[str, Value]]:
    """Pairs of what and which, such as ("queue", "reports"); moments stay moments, so that each reader's clock shows them."""
    found: list[tuple[str, Value | None]] = [
        ("queue", target.queue),
        ("exchange", target.exchange),
        ("routing key", target.routing_key),
        ("priority", None if target.priority is None else str(target.priority)),
        ("expires", _expires(target.expires)),
        ("time limit", _seconds(target.time_limit)),
        ("soft time limit", _seconds(target.soft_time_limit)),
        ("headers", target.headers or None),
    ]
    return [(name, value) for name, value in found if value is not None]


def _expires(value: datetime | float | None) -> Value | None:
    return value if isinstance(value, datetime) or value is None else f"after {value:g} s"


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:g} s"
