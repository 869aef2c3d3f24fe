"""The account by which a sidecar reads a platform's database, made as docs/sidecar.md says, and a schedule to read."""

import re
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.faults.setups import Setup

RESULTS = "django_celery_results"
READER = "runtask_reader"  # the account's name in docs/sidecar.md
ROW = """
from django_celery_beat.models import IntervalSchedule, PeriodicTask
every, _ = IntervalSchedule.objects.get_or_create(every=1, period="days")
PeriodicTask.objects.create(name="Nightly report", task="shop.report", interval=every, kwargs='{"days": 7}')
"""


def grants(kind: str) -> str:
    """The SQL that docs/sidecar.md gives to the owner of the platform's database."""
    page = Path("docs/sidecar.md").read_text()
    [found] = re.findall(rf"-- {kind}\n(.*?)```", page, re.DOTALL)
    return str(found)


def reader(setup: Setup, stack: ExitStack, *, has_results: bool) -> str:
    """The database's address for the sidecar's account, which has exactly the rights in docs/sidecar.md."""
    address = urlsplit(setup.environment["DATABASE_URL"])
    database, is_mariadb = address.path.strip("/"), address.scheme == "mysql"
    statements = grants("MariaDB" if is_mariadb else "PostgreSQL").replace("shop.", f"{database}.").replace("…", "x")
    name = f"{READER}_{database[-8:]}"
    for statement in statements.replace(READER, name).split(";"):
        if statement.strip() and (has_results or RESULTS not in statement):
            setup.rows(statement)
    stack.callback(setup.rows, f"DROP USER {name}" if is_mariadb else f"DROP OWNED BY {name}; DROP ROLE {name}")
    return urlunsplit(address._replace(netloc=f"{name}:x@{address.hostname}:{address.port}"))
