"""Faults on demand: each is used up `count` times by the first call or delivery that fits it."""

from dataclasses import dataclass, field
from typing import Any

API_KINDS = frozenset({"ratelimited", "http500", "fatal_error", "timeout", "drop", "lost_answer", "error", "slow"})
DELIVERY_KINDS = frozenset({"duplicate", "null_state", "slow", "late_ack"})


class BadFault(Exception):
    """A fault that can't be had."""


@dataclass(kw_only=True)
class Fault:
    """One kind of trouble and what it applies to; None fits anything."""

    kind: str
    method: str | None = None
    type: str | None = None
    channel: str | None = None
    error: str = "internal_error"
    retry_after: int = 1
    delay: float = 0.0
    count: int = 1  # 0: until the faults are cleared


@dataclass
class Faults:
    """The list of what shall go wrong."""

    _waiting: list[Fault] = field(default_factory=list)

    def add(self, wanted: dict[str, Any]) -> Fault:
        """Plan a fault. Raises BadFault for one that does not exist."""
        if wanted.get("kind") not in API_KINDS | DELIVERY_KINDS:
            raise BadFault(f"unknown kind: {wanted.get('kind')}")
        try:
            fault = Fault(**wanted)
        except TypeError as error:
            raise BadFault(str(error)) from error
        self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Everything works again."""
        self._waiting.clear()

    def for_call(self, method: str, channel: str | None) -> Fault | None:
        """The fault for this Web API call, if one is planned."""
        for fault in self._waiting:
            fits = fault.type is None and fault.method in (None, method) and fault.channel in (None, channel)
            if fits and fault.kind in API_KINDS:
                return self._use(fault)
        return None

    def for_delivery(self, kind: str, delivery: str) -> Fault | None:
        """The fault of this kind for a delivery to the app, if one is planned."""
        for fault in self._waiting:
            if fault.kind == kind and fault.method is None and fault.type in (None, delivery):
                return self._use(fault)
        return None

    def _use(self, fault: Fault) -> Fault:
        if fault.count == 1:
            self._waiting.remove(fault)
        elif fault.count > 1:
            fault.count -= 1
        return fault
