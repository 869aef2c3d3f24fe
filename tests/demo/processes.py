"""The processes that `ps` lists, on Linux and macOS."""

import subprocess


def is_gone(pid: int) -> bool:
    """Whether the process has ended. A zombie, whose parent hasn't waited for it yet, counts as ended."""
    return _ps("-o", "stat=", "-p", str(pid))[:1] in ("", "Z")


def descendants(pid: int) -> dict[int, str]:
    """The commands of the process' children, of their children and so on, by process id."""
    rows = [line.split(None, 2) for line in _ps("-eo", "pid=,ppid=,command=").splitlines()]
    found: dict[int, str] = {}
    parents = {pid}
    while parents:
        young = {int(row[0]): row[2] for row in rows if int(row[1]) in parents}
        found |= young
        parents = set(young)
    return found


def _ps(*options: str) -> str:
    return subprocess.run(["ps", *options], capture_output=True, text=True, check=False).stdout.strip()
