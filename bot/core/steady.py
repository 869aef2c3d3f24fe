"""A clock that nobody sets."""

import time

# Linux's CLOCK_MONOTONIC stands still while the machine is suspended.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Seconds since some moment in the past. They go on while this machine is suspended, if the system has such a clock."""
    return time.clock_gettime(_STEADY)
