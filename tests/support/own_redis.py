"""A Redis server for some tests only, so that they can make it refuse messages."""

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.broker.waiting import wait_until
from tests.e2e.processes import free_port
from tests.faults.servers import Missing
from tests.support import needs


@dataclass
class OwnRedis:
    """A running Redis, and its files."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def does(self, *commands: str) -> None:
        with redis.Redis(port=self.port) as client:
            for command in commands:
                client.execute_command(*shlex.split(command))

    def is_alive(self) -> bool:
        try:
            self.does("PING")
        except redis.ConnectionError:
            return False
        return True


@contextmanager
def redis_server(folder: Path) -> Iterator[OwnRedis]:
    """A Redis that runs during the block, with its files in `folder`."""
    with needs.services():
        if (program := shutil.which("redis-server")) is None:
            raise Missing("redis-server")
        own = OwnRedis(folder, free_port())
        options = ["--port", str(own.port), "--dir", str(own.folder), "--save", ""]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            wait_until(own.is_alive)
            yield own
        finally:
            process.kill()  # on SIGTERM, it would first try to save
            process.wait(20)
