"""Finds the schedules that a rule matches."""

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from bot.core.text import fold


@dataclass(frozen=True, slots=True)
class Globs:
    """A schedule matches by its task or by its name. Case and the number of spaces matter in tasks, but not in names."""

    tasks: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()

    def match(self, name: str, task: str) -> bool:
        return self.match_task(task) or (bool(self.schedules) and self.match_name(fold(name)))

    def match_task(self, task: str) -> bool:
        return any(pattern(glob).fullmatch(task) for glob in self.tasks)

    def match_name(self, folded: str) -> bool:
        return any(pattern(fold(glob)).fullmatch(folded) for glob in self.schedules)


@lru_cache(maxsize=4096)
def pattern(glob: str) -> "re.Pattern[str]":
    """The regular expression for a glob: `*`, `?` and `[abc]` as in file names. They match dots and line breaks, too."""
    return re.compile(translate(glob))
