"""Faults on demand. The first `count` calls or deliveries that fit a fault suffer it."""

from dataclasses import dataclass, field
from typing import Any

from localslack.ids import Bot

API_KINDS = frozenset({"ratelimited", "http500", "fatal_error", "timeout", "drop", "lost_answer", "error", "slow"})
DELIVERY_KINDS = frozenset({"duplicate", "null_state", "slow", "late_ack"})


class BadFault(Exception):
    """There is no such kind of fault, or it has no such field."""


@dataclass(kw_only=True)
class Fault:
    """A kind of trouble, and the calls or deliveries that it fits. A field that is None fits everything."""

    kind: str
    method: str | None = None
    type: str | None = None
    channel: str | None = None
    team: str | None = None
    app: str | None = None
    error: str = "internal_error"
    retry_after: int = 1  # seconds
    delay: float = 0.0  # seconds
    count: int = 1  # 0: until the faults are cleared

    def concerns(self, bot: Bot | None) -> bool:
        """Whether the fault is for this bot."""
        if bot is None:
            return self.team is None and self.app is None
        return self.team in (None, bot.team_id) and self.app in (None, bot.app_id)


@dataclass
class Faults:
    """The planned faults, in order."""

    _planned: list[Fault] = field(default_factory=list)

    def add(self, wanted: dict[str, Any]) -> Fault:
        """Plan a fault. Raises BadFault."""
        if wanted.get("kind") not in API_KINDS | DELIVERY_KINDS:
            raise BadFault(f"unknown kind: {wanted.get('kind')}")
        try:
            fault = Fault(**wanted)
        except TypeError as error:
            raise BadFault(str(error)) from error
        self._planned.append(fault)
        return fault

    def clear(self) -> None:
        """Cancel all planned faults."""
        self._planned.clear()

    def for_call(self, method: str, channel: str | None, bot: Bot | None) -> Fault | None:
        """Use the first planned fault that fits this call of the Web API, if there is one."""
        for fault in self._planned:
            fits = fault.type is None and fault.method in (None, method) and fault.channel in (None, channel)
            if fits and fault.kind in API_KINDS and fault.concerns(bot):
                return self._use(fault)
        return None

    def for_delivery(self, kind: str, delivery_kind: str, bot: Bot) -> Fault | None:
        """Use the first planned fault of this kind that fits a delivery to the app, if there is one."""
        for fault in self._planned:
            fits = fault.kind == kind and fault.method is None and fault.type in (None, delivery_kind)
            if fits and fault.concerns(bot):
                return self._use(fault)
        return None

    def _use(self, fault: Fault) -> Fault:
        if fault.count == 1:
            self._planned.remove(fault)
        elif fault.count > 1:
            fault.count -= 1
        return fault
