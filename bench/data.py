"""Makes databases with a long history. They are filled once for each size and kept as templates. A run works on copies."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from bench.modes import Mode
from bench.setups import POSTGRES, ROOT, WORK, Setup


@dataclass(frozen=True, kw_only=True)
class Size:
    """The numbers of rows in a database. Each finished run has a result and a message."""

    name: str
    schedules: int
    results: int
    runs: int

    @property
    def template(self) -> str:
        return f"runtask_bench_{_version()}_{self.schedules}_{self.results}_{self.runs}"


def _version() -> str:
    """A digest of the code that makes templates, so that a change to this code makes new templates."""
    made_by = [*sorted(ROOT.glob("bot/migrations/*.py")), ROOT / "bench/inside/fill.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in made_by)).hexdigest()[:8]


def sizes(setup: Setup, mode: Mode) -> tuple[Size, Size]:
    schedules = mode.many_schedules if setup.is_big else mode.schedules
    big = Size(name="big", schedules=schedules, results=mode.results, runs=mode.results)
    return big, Size(name="small", schedules=100, results=mode.few_results, runs=0)


def prepare(setup: Setup, sizes: Iterable[Size]) -> None:
    """Make fresh copies for a set-up. Raises CalledProcessError or psycopg.Error."""
    _forget_old_templates(setup)
    for size in sizes:
        folder = setup.folder(size.name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if setup.postgres:
            _postgres(setup, size)
        else:
            _sqlite(setup, size)


def drop(setup: Setup) -> None:
    """Delete the copies, not the templates."""
    for size in ("big", "small"):
        shutil.rmtree(setup.folder(size), ignore_errors=True)
        if setup.postgres:
            _admin(f'DROP DATABASE IF EXISTS "{setup.database(size)}" WITH (FORCE)')


def _forget_old_templates(setup: Setup) -> None:
    """Delete templates of other versions."""
    if setup.postgres:
        for name in _databases():
            if _version() not in name:
                _admin(f'DROP DATABASE "{name}" WITH (FORCE)')
    else:
        for path in (WORK / "templates").glob("*"):
            if _version() not in path.name:
                path.unlink()


def _sqlite(setup: Setup, size: Size) -> None:
    template = WORK / "templates" / f"{size.template}.sqlite3"
    if not template.exists():
        template.parent.mkdir(parents=True, exist_ok=True)
        draft = template.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        _fill(setup, size, f"sqlite:///{draft}")
        draft.rename(template)
    shutil.copyfile(template, setup.folder(size.name) / "runtask.sqlite3")


def _postgres(setup: Setup, size: Size) -> None:
    if size.template not in _databases():
        draft = f"{size.template}_draft"
        _admin(f'DROP DATABASE IF EXISTS "{draft}" WITH (FORCE)')
        _admin(f'CREATE DATABASE "{draft}"')
        _fill(setup, size, f"{setup.postgres}/{draft}")
        _admin(f'ALTER DATABASE "{draft}" RENAME TO "{size.template}"')
    name = setup.database(size.name)
    _admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _admin(f'CREATE DATABASE "{name}" TEMPLATE "{size.template}"')


def _databases() -> list[str]:
    with psycopg.connect(f"{POSTGRES}/postgres") as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'runtask_bench_%'")
        return [name for (name,) in found]


def _admin(statement: str) -> None:
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def _fill(setup: Setup, size: Size, url: str) -> None:
    environment = {**setup.environment("fill", "http://127.0.0.1:9/"), "DATABASE_URL": url}
    question = json.dumps(["fill", size.schedules, size.results, size.runs])
    for arguments in (["bot", "migrate", "--verbosity", "0"], ["bench.inside", "fill"]):
        command = [sys.executable, "-m", *arguments]
        subprocess.run(command, env=environment, input=question, text=True, stdout=subprocess.DEVNULL, check=True)
