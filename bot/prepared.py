"""Queries whose SQL is built once. Building it takes Django ten times as long as an index takes to answer.

Without that, a selected schedule shows its arguments after 13.5 ms instead of 5.5 ms (SQLite).
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import connections
from django.db.models import Expression, Model, QuerySet

T = TypeVar("T", int, str)
Row = tuple[Any, ...]
CHUNK = 500  # rows that are fetched at once


class Placeholder(Expression):
    """Marks where a value is filled in: `filter(pk=Placeholder("run"))`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, _compiler: Any, _connection: Any) -> Any:
        return "%s", [self]


@dataclass(frozen=True)
class _Made:
    """The SQL for one database. `converters` has functions by column, which turn the driver's values into the field's."""

    sql: str
    params: tuple[Any, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]


@dataclass(frozen=True)
class Prepared:
    """A query of `values_list` with placeholders. Its SQL is built at the first use."""

    make: Callable[[], QuerySet[Any, Row]]
    _made: dict[str, _Made] = field(default_factory=dict)

    def rows(self, alias: str, **values: str | int) -> list[Row]:
        """All rows from the database `alias`. `values` fill the placeholders, by name."""
        return [row for some in self.chunks(alias, **values) for row in some]

    def chunks(self, alias: str, **values: str | int) -> Iterator[list[Row]]:
        """Yields the same rows, at most CHUNK at a time. Uses no server-side cursor, because poolers forbid it."""
        made = self._made.get(alias) or self._made.setdefault(alias, self._make(alias))
        connection = connections[alias]
        with connection.cursor() as cursor:
            cursor.execute(made.sql, [values[one.name] if isinstance(one, Placeholder) else one for one in made.params])
            while found := [list(row) for row in cursor.fetchmany(CHUNK)]:
                for row in found:
                    for at, (converters, expression) in made.converters.items():
                        for convert in converters:
                            row[at] = convert(row[at], expression, connection)
                yield [tuple(row) for row in found]
                if len(found) < CHUNK:
                    return

    def first(self, alias: str, **values: str | int) -> Row | None:
        return next(iter(self.rows(alias, **values)), None)

    def _make(self, alias: str) -> _Made:
        # QuerySet.values_list does the same (django/db/models/sql/compiler.py, results_iter).
        compiler: Any = self.make().query.get_compiler(alias)
        sql, params = compiler.as_sql()
        return _Made(sql, tuple(params), compiler.get_converters([column for column, _, _ in compiler.select]))


def padded(values: Collection[T]) -> list[T]:
    """Pads the list for `__in` to the next power of two with values that match nothing, so that there are few different statements.

    Python's sqlite3 caches 128 statements per connection: 18 MB instead of 1 MB after lists of up to 500 values.
    """
    found = list(values)
    if not found:
        return found
    kind, size = type(found[0]), 1 << (len(found) - 1).bit_length()
    return found + [kind(-number) for number in range(1, size - len(found) + 1)]


def columns(model: type[Model], through: str = "") -> list[str]:
    """All columns of a model, for `values_list` and `Model.from_db`. `through` is a prefix such as `user__`."""
    return [through + one.attname for one in model._meta.concrete_fields]  # noqa: SLF001  # documented
