"""A database to the byte: its schema and every row, as the server's own tool writes them."""

import shutil
import subprocess
from urllib.parse import urlsplit

from tests.faults.servers import Missing


def dump(url: str, *, but: str = "") -> str:
    """A dump of the database, without the rows of the table `but`. Raises Missing if the server's tool is missing."""
    return _of_postgres(url, but) if url.startswith("postgres") else _of_mariadb(url, but)


def _of_postgres(url: str, but: str) -> str:
    told = _output("pg_dump", "--dbname", url, *([f"--exclude-table-data={but}*"] if but else []))
    return "\n".join(line for line in told.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


def _of_mariadb(url: str, but: str) -> str:
    parts = urlsplit(url)
    name = parts.path.strip("/")
    place = ["--protocol=tcp", f"--host={parts.hostname}", f"--port={parts.port or 3306}", f"--user={parts.username}"]
    return _output("mysqldump", *place, "--skip-dump-date", *([f"--ignore-table={name}.{but}"] if but else []), name)


def _output(program: str, *arguments: str) -> str:
    if (found := shutil.which(program)) is None:
        raise Missing(program)
    return subprocess.run([found, *arguments], check=True, capture_output=True, text=True, timeout=60).stdout
