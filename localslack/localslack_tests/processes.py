"""The local Slack in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def started(*options: str) -> Iterator[str]:
    """During the block, the local Slack runs. Gives its address."""
    command = [sys.executable, "-m", "localslack", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def refusal(*options: str) -> tuple[int, str]:
    """The exit code and the error text of a process that doesn't start."""
    command = [sys.executable, "-m", "localslack", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stderr
