"""All areas at the same time, with one limit for all: one that hangs or fails says so and holds up no other."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from django.db import DatabaseError, connections
from django.urls import get_script_prefix, set_script_prefix

from bot.core.text import clip, one_line
from bot.doctor.findings import Finding, Section, problem, warning

log = logging.getLogger(__name__)

WITHIN = 9.0  # seconds
Look = Callable[[], Iterable[Finding]]


def examine(areas: Mapping[str, Look], within: float = WITHIN) -> list[Section]:
    """Sections in the order of `areas`. Never raises for what a look may raise."""
    found: dict[str, list[Finding]] = {area: [] for area in areas}
    threads = {
        area: threading.Thread(
            target=_look, args=(look, found[area], get_script_prefix()), name=f"doctor: {area}", daemon=True
        )
        for area, look in areas.items()
    }
    deadline = time.monotonic() + within
    for thread in threads.values():
        thread.start()
    for area, thread in threads.items():
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            text = f"something here didn't answer within {within:g} s"
            found[area] = [
                *found[area],
                problem("time", text, "It is what would come next: look at the network and the server behind it."),
            ]
    return [Section(area=area, findings=tuple(findings)) for area, findings in found.items()]


def _look(look: Look, found: list[Finding], script_prefix: str) -> None:
    # FORCE_SCRIPT_NAME, which addresses begin with: Django keeps it for one thread only.
    set_script_prefix(script_prefix)
    try:
        for finding in look():
            found.append(finding)  # noqa: PERF402  # one by one: what was found before a hang is shown
    except DatabaseError as exc:
        text = f"not looked at: {type(exc).__name__}: {clip(one_line(str(exc)), 80)}"
        found.append(warning("the rest", text, "See Database."))
    except Exception as exc:  # the doctor must not fall ill
        log.debug("a look failed", exc_info=exc)
        text = f"couldn't be looked at: {type(exc).__name__}: {exc}"
        found.append(problem("doctor", text, "The lines above and the other areas may say why."))
    finally:
        connections.close_all()
