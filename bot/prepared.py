"""Queries whose SQL is made once. Django takes ten times as long to make it as an index takes to answer, at every click."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import connections
from django.db.models import Expression, Model, QuerySet

T = TypeVar("T", int, str)
Row = tuple[Any, ...]
CHUNK = 500  # rows


class Gap(Expression):
    """Stands where a value is filled in: `filter(pk=Gap("run"))`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, _compiler: Any, _connection: Any) -> Any:
        return "%s", [self]


@dataclass(frozen=True)
class _Made:
    """For one database. `converters`: by column, what makes the fields' values of the driver's."""

    sql: str
    params: tuple[Any, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]


@dataclass(frozen=True)
class Prepared:
    """A query of `values_list`, with gaps; made when it is first asked."""

    make: Callable[[], QuerySet[Any, Row]]
    _made: dict[str, _Made] = field(default_factory=dict)

    def rows(self, alias: str, **gaps: str | int) -> list[Row]:
        """From the database `alias`, as they are now."""
        return [row for some in self.chunks(alias, **gaps) for row in some]

    def chunks(self, alias: str, **gaps: str | int) -> Iterator[list[Row]]:
        """The same, never more than CHUNK of them at once; by no cursor of the server's, which poolers forbid."""
        made = self._made.get(alias) or self._made.setdefault(alias, self._make(alias))
        connection = connections[alias]
        with connection.cursor() as cursor:
            cursor.execute(made.sql, [gaps[one.name] if isinstance(one, Gap) else one for one in made.params])
            while found := [list(row) for row in cursor.fetchmany(CHUNK)]:
                for row in found:
                    for at, (converters, expression) in made.converters.items():
                        for convert in converters:
                            row[at] = convert(row[at], expression, connection)
                yield [tuple(row) for row in found]
                if len(found) < CHUNK:
                    return

    def first(self, alias: str, **gaps: str | int) -> Row | None:
        return next(iter(self.rows(alias, **gaps)), None)

    def _make(self, alias: str) -> _Made:
        # As QuerySet.values_list itself does (django/db/models/sql/compiler.py, results_iter).
        compiler: Any = self.make().query.get_compiler(alias)
        sql, params = compiler.as_sql()
        return _Made(sql, tuple(params), compiler.get_converters([column for column, _, _ in compiler.select]))


def padded(values: Collection[T]) -> list[T]:
    """For `__in`: as many as the next power of two, with -1, -2, … as others, which nothing is called.

    Each number of values is a statement of its own, and Python's sqlite3 keeps 128 statements for a connection: 60 KB each
    with hundreds of values.
    """
    found = list(values)
    if not found:
        return found
    kind, size = type(found[0]), 1 << (len(found) - 1).bit_length()
    return found + [kind(-number) for number in range(1, size - len(found) + 1)]


def columns(model: type[Model], through: str = "") -> list[str]:
    """What `values_list` takes, and `Model.from_db`, for all of a row; `through` as in `user__`."""
    return [through + one.attname for one in model._meta.concrete_fields]  # noqa: SLF001  # documented
