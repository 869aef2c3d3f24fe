"""Examines all areas at the same time, with one time limit. If an area hangs or fails, the others are still reported."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from django.db import Error, connections
from django.urls import get_script_prefix, set_script_prefix

from bot.core.text import clip, one_line
from bot.doctor.findings import Finding, Section, problem, warning

WITHIN = 9.0  # seconds for all areas together
Examination = Callable[[], Iterable[Finding]]


def examine(areas: Mapping[str, Examination], within: float = WITHIN) -> list[Section]:
    """One section for each area, in the order of `areas`. If an examination raises an error, its section says that."""
    found: dict[str, list[Finding]] = {area: [] for area in areas}
    threads: dict[str, threading.Thread] = {}
    deadline = time.monotonic() + within
    for area, examination in areas.items():
        work = partial(_examine, examination, found[area], get_script_prefix())
        threads[area] = threading.Thread(target=work, name=f"doctor: {area}", daemon=True)
        threads[area].start()
    for area, thread in threads.items():
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            text = f"the check {_at_work(thread)!r} didn't finish within {within:g} s"
            remedy = "Look at the network, and at the server that this area is about."
            found[area] = [*found[area], problem("time", text, remedy)]
    return [Section(area=area, findings=tuple(findings)) for area, findings in found.items()]


def _at_work(thread: threading.Thread) -> str:
    """The name of the innermost function of doctor that the thread is in."""
    frame, name, is_ours = sys._current_frames().get(thread.ident or 0), "", False  # noqa: SLF001  # documented
    while frame is not None and frame.f_code is not _examine.__code__:
        if not is_ours and not frame.f_code.co_name.startswith("<"):
            name = frame.f_code.co_name
            is_ours = str(frame.f_globals.get("__name__")).startswith("bot.doctor.")
        frame = frame.f_back
    return name.strip("_").replace("_", " ")


def _examine(examination: Examination, found: list[Finding], script_prefix: str) -> None:
    # Addresses begin with FORCE_SCRIPT_NAME, which Django keeps per thread.
    set_script_prefix(script_prefix)
    try:
        for finding in examination():
            found.append(finding)  # noqa: PERF402  # one by one, so that findings before a hang are shown
    except Error as exc:
        text = f"not examined: {type(exc).__name__}: {clip(one_line(str(exc)), 80)}"
        found.append(warning("the rest", text, "See Database."))
    except Exception as exc:  # noqa: BLE001  # doctor itself must not fail
        text = f"can't be examined: {type(exc).__name__}: {exc}"
        found.append(problem("doctor", text, "The lines above and the other areas may say why."))
    finally:
        connections.close_all()
