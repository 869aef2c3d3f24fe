"""Reads and writes rules as YAML: a list, as in docs/rules.md. Every mistake is reported with its line and column."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from bot.core import rulefields
from bot.core.jsontext import Path
from bot.core.reasons import Code, Invalid, Problem
from bot.core.rules import Rule
from bot.core.schemas import EXTRA
from bot.core.strictjson import place
from bot.core.text import one_line

FIELD = "rules"  # the field that problems name
LONGEST = 1_000_000  # characters of a file; PyYAML takes seconds for so many
TYPES = {  # the tags that are allowed: no dates, sets or binary data
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")
}

NO_VALUE = object()  # an unreadable scalar has this value, because a readable key may be `null`, which is None
UNREADABLE_KEY = "?"  # stands for a key in the path of a member whose key can't be read


def read(text: str, groups: Collection[str] | None = None) -> tuple[Rule, ...]:
    """The rules in a text. Raises Invalid with all mistakes. `groups`: the groups that exist; None: any group is accepted."""
    document = _Document(text)
    document.read()
    for path, code, params in rulefields.flaws(document.value, groups):
        if document.is_known(path):
            document.tell(document.mark(path), code, **params)
    if document.problems:
        raise Invalid(sorted(document.problems, key=lambda problem: problem.place.at if problem.place else 0))
    return tuple(map(rulefields.rule, document.value))


def written(rules: tuple[Rule, ...]) -> str:
    """The rules as a text from which `read` makes the same rules."""
    import yaml  # noqa: PLC0415  # an extra has it

    if not rules:
        return "[]\n"
    return "\n".join(_one(yaml, rule) for rule in rules)


def _one(yaml: Any, rule: Rule) -> str:
    return str(
        yaml.safe_dump(
            [rulefields.plain(rule)], sort_keys=False, allow_unicode=True, width=120, default_flow_style=None
        )
    )


@dataclass
class _Document:
    """A text, its value, and the place of each part of the value."""

    text: str
    value: Any = None
    problems: list[Problem] = field(default_factory=list)
    _marks: dict[Path, int] = field(default_factory=dict)
    # The paths of the parts that can't be read.
    _missing: set[Path] = field(default_factory=set)
    _around: set[Path] = field(default_factory=set)  # the paths of the parts that contain them
    _nodes: set[int] = field(default_factory=set)  # the nodes that were read, to recognise aliases of them

    def read(self) -> None:
        self._missing.add(())  # the whole value, until the text is read
        try:
            import yaml  # noqa: PLC0415  # an extra has it
        except ImportError:
            self.tell(0, Code.NO_EXTRA, extra=EXTRA)
            return
        if len(self.text) > LONGEST:
            self.tell(0, Code.TOO_LONG, length=len(self.text), limit=LONGEST)
            return
        try:
            node = yaml.compose(self.text, Loader=yaml.SafeLoader)
            # Aliases are found by their events, because a composed tree has none any more.
            for event in yaml.parse(self.text, Loader=yaml.SafeLoader):
                if isinstance(event, yaml.AliasEvent):
                    self.tell(event.start_mark.index, Code.YAML_ALIAS)  # type: ignore[union-attr]  # parsers set it
        except yaml.MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            self.tell(mark.index if mark else 0, Code.NOT_YAML, message=one_line(exc.problem or str(exc)))
            return
        except (yaml.YAMLError, RecursionError) as exc:
            self.tell(getattr(exc, "position", 0), Code.NOT_YAML, message=one_line(str(exc)))
            return
        self._missing.clear()
        self.value = None if node is None else self._value(node, (), yaml)

    def is_known(self, path: Path) -> bool:
        """Whether the part at this path could be read completely. If not, a mistake in it may come from what is missing."""
        return path not in self._around and all(path[:end] not in self._missing for end in range(len(path) + 1))

    def _miss(self, path: Path) -> None:
        self._missing.add(path)
        self._around.update(path[:end] for end in range(len(path)))

    def mark(self, path: Path) -> int:
        """The index of a part in the text. If the part has none, the index of the smallest part around it that has one."""
        while path and path not in self._marks:
            path = path[:-1]
        return self._marks.get(path, 0)

    def tell(self, at: int, code: Code, **params: str | int) -> None:
        self.problems.append(Problem(code=code, field=FIELD, params=params, place=place(self.text, at)))

    def _value(self, node: Any, path: Path, yaml: Any) -> Any:
        self._marks[path] = node.start_mark.index
        if id(node) in self._nodes:  # an alias; with aliases, a small text can mean a huge or endless value
            self._miss(path)
            return None
        self._nodes.add(id(node))
        if node.tag not in TYPES:
            self.tell(node.start_mark.index, Code.YAML_TAG)
            self._miss(path)
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self._value(one, (*path, at), yaml) for at, one in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, yaml)
        return self._scalar(node, path, yaml)

    def _scalar(self, node: Any, path: Path, yaml: Any) -> Any:
        """The value of a scalar. `!!int x`, `0x_` and numbers of thousands of digits have an allowed tag, but no value."""
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            self.tell(node.start_mark.index, Code.YAML_TAG)
            self._miss(path)
            return NO_VALUE

    def _mapping(self, node: Any, path: Path, yaml: Any) -> dict[Any, Any]:
        found = dict[Any, Any]()
        for key_node, one in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in TYPES:
                self.tell(key_node.start_mark.index, Code.YAML_TAG)
                self._miss((*path, UNREADABLE_KEY))
                continue
            if (key := self._scalar(key_node, (*path, UNREADABLE_KEY), yaml)) is NO_VALUE:
                continue
            if key in found:
                self.tell(key_node.start_mark.index, Code.DOUBLED_KEY, key=one_line(str(key)))
            found[key] = self._value(one, (*path, key), yaml)
        return found
