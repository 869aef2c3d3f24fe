"""Settings and versions: what can be looked at in any project, however broken."""

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from bot.doctor.findings import Finding, ok, problem, warning
from bot.doctor.subject import Subject, complained

US = "django-runtask"
SHOWN = ("Django", "celery", "kombu", "django-celery-beat", "django-celery-results", "slack-bolt", "slack-sdk")
ELSEWHERE = frozenset({"W002", "W003", "W004", "W005", "W008", "W009", "W011", "W012", "W013"})  # in another area
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^\]]*\])?\s*\(?([^;)]*)")
BOUND = re.compile(r"(>=|<)\s*([\d.]+)")
LEAST_PYTHON = "3.11"


def settings(subject: Subject) -> Iterator[Finding]:
    """What no other area says."""
    own = {number: found for number, found in subject.complaints.items() if number not in ELSEWHERE}
    for number, found in own.items():
        for complaint in found:
            yield complained(f"runtask.{number}", number, complaint)
    if not own:
        yield ok("system checks", "options, apps, admin, databases fit together")


def versions(_: Subject) -> Iterator[Finding]:
    """What is installed, against what runtask asks for."""
    installed = {"Python": platform.python_version(), **{name: _version(name) for name in SHOWN}}
    yield ok("installed", f"{US} {_version(US)} with " + ", ".join(f"{name} {at}" for name, at in installed.items()))
    for name, wanted in {"Python": f">={LEAST_PYTHON}", **supported()}.items():
        at = installed.get(name)
        if at == NONE:
            yield problem(name, "isn't installed", f"pip install '{name}{wanted}'")
        elif at and not fits(at, wanted):
            yield warning(name, f"{at} is installed; tried and tested is {wanted}", f"pip install '{name}{wanted}'")


NONE = "(not installed)"


def supported() -> dict[str, str]:
    """Ranges by the name of the package, from our own metadata; empty where that isn't there."""
    try:
        lines = requires(US) or []
    except PackageNotFoundError:
        return {}
    found = [REQUIREMENT.match(line) for line in lines if "extra ==" not in line]
    return {match[1]: match[2].strip() for match in found if match and match[1] in SHOWN}


def fits(installed: str, wanted: str) -> bool:
    """Whether a version lies within bounds such as `>=5.2,<7`; what else a range says isn't looked at."""
    at = _numbers(installed)
    for sign, bound in BOUND.findall(wanted):
        limit = _numbers(bound)
        if at < limit if sign == ">=" else at[: len(limit)] >= limit:
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[a-z+-]", text)[0]))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return NONE
