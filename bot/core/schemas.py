"""Checks the JSON Schemas that rules have for the arguments of runs. (bot.core.bound checks arguments against them.)

A keyword of JSON Schema allows every value that isn't of the keyword's type, and unknown keywords are ignored: `{maximum: 31}`
allows "9999", and `{maxmum: 31}` allows everything. So a rule's schema may use the keywords below only, and must name types.
Nothing is downloaded: references must lead to the schema's own `$defs`.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.core import keywords
from bot.core.jsontext import Path
from bot.core.reasons import Code, Params
from bot.core.text import clip, one_line

Flaw: TypeAlias = tuple[Path, Code, Params]
EXTRA = "rules"  # the extra of our distribution that installs jsonschema and regex
DIALECT = "https://json-schema.org/draft/2020-12/schema"
NUMBER, TEXT, LIST, OBJECT = {"integer", "number"}, {"string"}, {"array"}, {"object"}
OF_TYPES = {  # the types that each keyword limits
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "pattern"), TEXT),
    **dict.fromkeys(
        ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"), LIST
    ),
    **dict.fromkeys(
        (
            "properties",
            "patternProperties",
            "additionalProperties",
            "propertyNames",
            "required",
            "dependentRequired",
            "minProperties",
            "maxProperties",
        ),
        OBJECT,
    ),
}
ALTERNATIVES = ("anyOf", "oneOf")
OF_ANY_TYPE = ("type", "enum", "const", "$ref", "allOf", *ALTERNATIVES)
NOTES = ("title", "description", "default", "examples", "$comment", "$schema", "$defs")
KEYWORDS = (*OF_TYPES, *OF_ANY_TYPE, *NOTES)
ONE = ("items", "contains", "additionalProperties", "propertyNames")  # keywords whose value is a schema
LISTS = ("prefixItems", "allOf", *ALTERNATIVES)
MAPPINGS = ("properties", "patternProperties", "$defs")
OWN = "#/$defs/"
DEEPEST = 50  # levels of lists and mappings; jsonschema makes several nested calls for each level
MOST = 1_000  # parts, counted again for each reference to them; at each check, jsonschema takes up to 50 µs for each


class ExtraMissing(Exception):
    """jsonschema or regex isn't installed."""


def validator(schema: Mapping[str, Any] | None) -> Any:
    """A validator that checks values against the schema. Raises ExtraMissing."""
    return _validator_class()(schema)


def _validator_class() -> Any:
    try:
        import regex  # noqa: F401, PLC0415  # keywords.compiled needs it
        from jsonschema import Draft202012Validator  # noqa: PLC0415  # an extra has both
    except ImportError:
        raise ExtraMissing from None
    return keywords.validator_class(Draft202012Validator)


def flaws(schema: Mapping[str, Any]) -> Iterator[Flaw]:
    """The reasons why a rule can't have this schema. Raises ExtraMissing."""
    validator_class = _validator_class()
    parts, depth = (0, DEEPEST + 1) if _is_deeper(schema, DEEPEST) else _Expanded(schema).measured(schema)
    if depth > DEEPEST:
        yield (), Code.TOO_DEEP, {"limit": DEEPEST}
        return
    if parts > MOST:
        yield (), Code.SCHEMA_TOO_LARGE, {"limit": MOST}
        return
    if schema.get("$schema", DIALECT) != DIALECT:
        yield ("$schema",), Code.SCHEMA_DIALECT, {"known": DIALECT}
        return
    found = list(_walk(schema, (), schema))
    yield from found
    if found:
        return
    for error in validator_class(validator_class.META_SCHEMA).iter_errors(schema):
        yield tuple(error.absolute_path), Code.BAD_SCHEMA, {"message": clip(one_line(error.message), 200)}


@dataclass
class _Expanded:
    """Measures a schema as if its references were replaced by their targets. Each definition is measured once."""

    root: Mapping[str, Any]
    _known: dict[str, tuple[int, int]] = field(default_factory=dict)

    def measured(self, schema: Any, depth: int = 0) -> tuple[int, int]:
        """The number of parts, and how deep they are nested. Looks no deeper than DEEPEST."""
        if not isinstance(schema, Mapping) or depth > DEEPEST:
            return 1, 1
        inner = [self.measured(part, depth + 1) for _, _, part in _parts(schema)]
        if isinstance(target := schema.get("$ref"), str):
            inner.append(self._measured_target(target, depth + 1))
        return 1 + sum(parts for parts, _ in inner), 1 + max((deep for _, deep in inner), default=0)

    def _measured_target(self, target: str, depth: int) -> tuple[int, int]:
        if target not in self._known:
            self._known[target] = 1, 1  # for a circular reference, which is another flaw
            self._known[target] = self.measured(_target(target, self.root), depth)
        return self._known[target]


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether lists and mappings are nested more than `limit` deep. Doesn't recurse, so that no depth makes it fail."""
    layer = [value]
    for _ in range(limit):
        insides = (one.values() if isinstance(one, Mapping) else one for one in layer)
        layer = [one for inside in insides for one in inside if isinstance(one, (Mapping, list))]
    return bool(layer)


def _walk(schema: Any, path: Path, root: Mapping[str, Any]) -> Iterator[Flaw]:
    """The flaws of a schema and of its parts. `path` is empty for the schema of all arguments, which are an object."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield path, Code.NOT_A_SCHEMA, {}
        return
    types = {"object"} if not path else _types(schema)
    for keyword in schema:
        yield from _of_keyword(keyword, types, (*path, keyword))
    yield from _patterns(schema, path)
    yield from _reference(schema, path, root)
    if "properties" in schema and isinstance(schema["properties"], Mapping):
        yield from _properties(schema, path, root)
    for keyword, at, part in _parts(schema):
        yield from _walk(part, (*path, keyword, *at), root)
        if keyword not in (*MAPPINGS, "allOf", *ALTERNATIVES) and not _is_typed(part, root):
            yield (*path, keyword, *at), Code.SCHEMA_NEEDS_TYPE, {"name": keyword}


def _of_keyword(keyword: Any, types: set[str], path: Path) -> Iterator[Flaw]:
    if keyword not in KEYWORDS:
        close = difflib.get_close_matches(str(keyword), KEYWORDS, n=1)
        if close:
            yield path, Code.MISSPELLED_KEYWORD, {"keyword": one_line(str(keyword)), "known": close[0]}
        else:
            yield path, Code.UNKNOWN_KEYWORD, {"keyword": one_line(str(keyword))}
    elif keyword in OF_TYPES and (not types or types - OF_TYPES[keyword] - {"null"}):
        yield path, Code.KEYWORD_NEEDS_TYPE, {"keyword": keyword, "types": " or ".join(sorted(OF_TYPES[keyword]))}


def _properties(schema: Mapping[str, Any], path: Path, root: Mapping[str, Any]) -> Iterator[Flaw]:
    """Flaws of properties. If a property isn't required, a run may leave it out, and the task's own default escapes the rule."""
    listed = schema.get("required")
    required = listed if isinstance(listed, list) else ()
    for name, part in schema["properties"].items():
        where = (*path, "properties", name)
        if isinstance(part, Mapping) and set(part) - set(NOTES):
            if not _is_typed(part, root):
                yield where, Code.SCHEMA_NEEDS_TYPE, {"name": one_line(str(name))}
            if name not in required:
                yield where, Code.SCHEMA_NEEDS_REQUIRED, {"name": one_line(str(name))}


def _patterns(schema: Mapping[str, Any], path: Path) -> Iterator[Flaw]:
    several = schema.get("patternProperties")
    found = [((*path, "patternProperties", one), one) for one in several] if isinstance(several, Mapping) else []
    for where, pattern in [*found, ((*path, "pattern"), schema.get("pattern", ""))]:
        if not isinstance(pattern, str):
            yield where, Code.BAD_SCHEMA, {"message": "an expression must be a text"}
            continue
        try:
            keywords.compiled(pattern)
        except keywords.BadExpression as exc:
            yield where, Code.BAD_SCHEMA, {"message": one_line(str(exc))}


def _reference(schema: Mapping[str, Any], path: Path, root: Mapping[str, Any]) -> Iterator[Flaw]:
    if (target := schema.get("$ref")) is None:
        return
    if _target(target, root) is None:
        yield (*path, "$ref"), Code.FOREIGN_REFERENCE, {"target": clip(one_line(str(target)), 100)}
    elif target in _reached(target, root):
        yield (*path, "$ref"), Code.CIRCULAR_REFERENCE, {"target": target}


def _target(target: Any, root: Mapping[str, Any]) -> Any:
    """The definition that a reference leads to. None: it isn't one of the schema's own definitions."""
    known = root.get("$defs")
    if not isinstance(target, str) or not target.startswith(OWN) or not isinstance(known, Mapping):
        return None
    return known.get(target.removeprefix(OWN))


def _reached(target: str, root: Mapping[str, Any]) -> set[str]:
    """All references that can be reached from this one, directly or through others."""
    found, left = set[str](), [target]
    while left:
        after = {part["$ref"] for part in _all(_target(left.pop(), root)) if isinstance(part.get("$ref"), str)}
        left += after - found
        found |= after
    return found


def _all(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, Mapping):
        yield schema
        for _, _, part in _parts(schema):
            yield from _all(part)


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, Path, Any]]:
    """The schemas inside a schema: the keyword, the path below it, and the schema."""
    for keyword in ONE:
        if keyword in schema:
            yield keyword, (), schema[keyword]
    for keyword in LISTS:
        if isinstance(schema.get(keyword), list):
            yield from ((keyword, (at,), part) for at, part in enumerate(schema[keyword]))
    for keyword in MAPPINGS:
        if isinstance(schema.get(keyword), Mapping):
            yield from ((keyword, (name,), part) for name, part in schema[keyword].items())


def _types(schema: Mapping[str, Any]) -> set[str]:
    found = schema.get("type")
    several = found if isinstance(found, list) else [found]
    return {one for one in several if isinstance(one, str)}


def _is_typed(schema: Any, root: Mapping[str, Any], known: dict[str, bool] | None = None) -> bool:
    """Whether a schema decides about values of every type. True and an empty schema do, too.

    `known`: the answers for references that were already followed.
    """
    known = {} if known is None else known
    if not isinstance(schema, Mapping) or not set(schema) - set(NOTES):
        return True
    if {"type", "enum", "const"} & set(schema):
        return True
    target = schema.get("$ref")
    if isinstance(target, str) and (found := _target(target, root)) is not None:
        if target not in known:
            known[target] = False  # for a circular reference
            known[target] = _is_typed(found, root, known)
        return known[target]
    for keyword in ALTERNATIVES:
        if isinstance(schema.get(keyword), list):
            return all(_is_typed(part, root, known) for part in schema[keyword])
    parts = schema.get("allOf")
    return isinstance(parts, list) and any(_is_typed(part, root, known) for part in parts)
