"""Starts the local Slack: `localslack`, or `python -m localslack`."""

import argparse
import asyncio
import contextlib
import errno
import os
import signal
import sys
from pathlib import Path

from localslack.server import LOOPBACK, start
from localslack.slack import Slack
from localslack.state_file import BadState, StateFile


def main() -> int:
    """Serve until Ctrl-C or SIGTERM."""
    parser = _parser()
    options = parser.parse_args()
    if options.host not in LOOPBACK:
        parser.error("the local Slack has no access control, so it listens on this computer only: --host 127.0.0.1")
    settings = {
        "mode": "http" if options.http else "socket",
        "http_url": options.http or "",
        "rate_limits": options.rate_limits,
    }
    optional = {"signing_secret", "bot_token", "app_token", "commands"}
    settings |= {name: value for name, value in vars(options).items() if name in optional and value is not None}
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_serve(Slack(settings), options.host, options.port, options.state))
    return 0


async def _serve(slack: Slack, host: str, port: int, state: Path | None) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    file = StateFile(slack, state) if state else None
    try:
        if file:
            file.load()
        runner = await start(slack, host, port)
    except BadState as error:
        return _refused(str(error))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is in use already" if taken else f"can't be used ({os.strerror(error.errno or 0)})"
        return _refused(f"Port {port} {why}; choose another with --port.")
    sys.stdout.write(f"Local Slack: {slack.shared.base_url}\n")
    sys.stdout.flush()
    try:
        await stopped.wait()
    finally:
        await runner.cleanup()
        if file:
            file.save()
    return 0


def _refused(sentence: str) -> int:
    """Write why the local Slack doesn't start. Returns the exit code."""
    sys.stderr.write(sentence + "\n")
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localslack", description="A small Slack on this computer.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8787)
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="keep workspaces, people, channels and messages in this file"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--socket", action="store_true", help="deliver over Socket Mode (the default)")
    mode.add_argument("--http", metavar="URL", help="deliver by signed HTTP requests to this URL")
    parser.add_argument("--signing-secret", metavar="SECRET", help="default: local-signing-secret")
    parser.add_argument("--bot-token", metavar="TOKEN", help="default: xoxb-local")
    parser.add_argument("--app-token", metavar="TOKEN", help="default: xapp-local")
    parser.add_argument(
        "--command", dest="commands", action="append", metavar="/COMMAND", help="a slash command of the app; repeatable"
    )
    parser.add_argument("--rate-limits", action="store_true", help="answer 429 as Slack would")
    return parser


if __name__ == "__main__":
    sys.exit(main())
