"""docs/configuration.md is complete, and its examples are read as they stand there."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot import conf, env

ROWS = {
    cells[0].strip("`"): cells
    for line in Path("docs/configuration.md").read_text().splitlines()
    if line.startswith("| `") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
}
OURS, PROJECT = list(env.variables(conf.Conf)), list(env.variables(env.Project))


def written(default: Any) -> str:
    """Returns a default as it would be written in the environment."""
    if isinstance(default, tuple):
        return " ".join(default)
    return "" if default is None else f"{default:.0f}" if isinstance(default, float | bool) else str(default)


def value(cls: type, name: str, raw: dict[str, Any]) -> Any:
    [attribute] = (field for field, item in cls.__dataclass_fields__.items() if item.metadata["name"] == name)  # type: ignore[attr-defined]
    return getattr(env.read(cls, raw), attribute)


def example(name: str) -> str:
    return ROWS[name][3].strip("`")


def in_settings(name: str) -> Any:
    """The example as a value of the setting `RUNTASK`, as the page's table of types says."""
    kind, text = ROWS[name][1], example(name)
    if kind == "boolean":
        return text == "1"
    if kind in ("number", "seconds"):
        return int(text)
    if kind == "list":
        return text.replace(",", " ").split()
    return json.loads(text) if "JSON" in kind else text


@pytest.mark.parametrize("variable", [*OURS, *PROJECT], ids=lambda variable: variable.name)
def test_every_variable_has_a_row_with_its_default_and_its_meaning(variable: env.Variable) -> None:
    _, _, default, *_, meaning = ROWS[variable.name]
    assert default.strip("`") == written(variable.default)
    assert meaning


def test_every_row_has_a_variable() -> None:
    assert set(ROWS) == {variable.name for variable in [*OURS, *PROJECT]}


@pytest.mark.parametrize("variable", OURS, ids=lambda variable: variable.name)
def test_an_example_means_the_same_in_the_environment_and_in_the_settings(variable: env.Variable) -> None:
    there = value(conf.Conf, variable.name, {variable.name: example(variable.name)})
    settings = {variable.name.removeprefix(conf.PREFIX): in_settings(variable.name)}
    assert there == value(conf.Conf, variable.name, conf.values(settings, {}))
    assert there != variable.default


@pytest.mark.parametrize("variable", PROJECT, ids=lambda variable: variable.name)
def test_the_examples_of_the_stand_alone_project_can_be_read(variable: env.Variable) -> None:
    found = value(env.Project, variable.name, {variable.name: example(variable.name)})
    assert found != variable.default
