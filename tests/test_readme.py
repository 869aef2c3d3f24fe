"""README says what is so."""

from pathlib import Path

import pytest

from bot import conf, env
from bot.__main__ import OURS

README = Path("README.md").read_text()


@pytest.mark.parametrize("variable", [*env.variables(conf.Conf), *env.variables(env.Project)], ids=lambda v: v.name)
def test_every_variable_is_in_the_table(variable: env.Variable) -> None:
    assert f"| `{variable.name}` |" in README


@pytest.mark.parametrize("command", OURS)
def test_every_command_is_in_the_table(command: str) -> None:
    assert f"| `runtask {command}" in README


def test_its_pictures_are_there() -> None:
    for name in ("form", "run-page", "thread"):
        assert Path(f"docs/images/{name}.png").stat().st_size > 10_000
