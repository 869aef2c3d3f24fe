"""What `runtask demo` checks first, which processes it starts, and what it prints. Nothing here starts a process."""

import errno
import importlib.util
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runtask_demo.schedules import TIME_ZONE
from runtask_demo.seed import ADMIN

HOST = "127.0.0.1"
QUEUES = "celery,reports"
# The demo has its own database and broker, so it ignores variables of the shell whose names begin with these. The
# proxies are among them because slack_sdk would use a proxy even for this computer.
FOREIGN = ("SLACK_", "RUNTASK_", "DJANGO_", "CELERY_", "DATABASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
WELCOME = """
Everything runs, on this computer only.

  Slack   {slack}
          a local one. You are Ana, who is staff. Type /runtask in #ops.
          On the left you can be somebody else: Ben isn't staff, Gil is a guest, Olga is from another company.
  Site    {site}/
          user {admin}, password {admin}: the same form as a page. Its runs are told in #ops, too.
  Admin   {site}/admin/
          schedules, each with "Run…", runs, rules, the audit log, and who may run them
  Logs    {logs}

Things to try
  /runtask nightly sales  a report; change its days, break its JSON, misspell a key
  /runtask rebuild        says how far it is: Stop it while it runs, or Run again when it has ended
  /runtask import         fails, with its traceback in the thread
  /runtask visitors       returns 200 KB that would like to ring everybody
  /runtask monthly tax    its stored arguments are broken
  /runtask again          the form as in your last run
  /runtask status         what is running now, with Stop
  @Runtask nightly sales days=30
                          answers with a button, and runs nothing
  Runtask, on the left    its Home tab: what is running, your favourites, your last runs
  … on a message          Run a schedule here: the run is told in that message's thread
  / in the message box    the shortcut Run a schedule, whose form asks where to report
  /runtask send invoice   a rule lets only accounting run it: Ana reads whom to ask, Cara is asked for a reason,
                          Ben may run nothing, because he isn't staff
  /runtask pay refunds    a rule asks for the yes of accounting: ask as Ana with other days, try to approve it yourself, then
                          approve as Cara, in the thread or on her Home tab. Decline another one with a reason
  /runtask rotate         a rule hides it: for Ana it is nowhere, for Cara it is there.
                          The rules are in the admin, as user {admin}: change them, or pause the site

Ctrl-C stops everything. Your data stays in {data}. Delete that folder to start from the beginning.
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The options of `runtask demo`."""

    data: Path
    port: int
    web_port: int
    schedules: int
    http: bool

    @property
    def slack(self) -> str:
        return f"http://{HOST}:{self.port}/"

    @property
    def site(self) -> str:
        return f"http://{HOST}:{self.web_port}"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def problems(self) -> list[str]:
        """Make the folders. Returns why the demo can't start, one text for each reason."""
        found = [] if importlib.util.find_spec("gunicorn") else ["The demo needs gunicorn: pip install gunicorn"]
        if self.port == self.web_port:
            found.append(
                f"Slack and the site can't both have port {self.port}; choose others with --port and --web-port."
            )
        else:
            found += filter(None, (_trouble(self.port, "--port"), _trouble(self.web_port, "--web-port")))
        try:
            if not self.data.exists():
                self.data.mkdir(mode=0o700, parents=True)
            self.logs.mkdir(exist_ok=True)
        except OSError as exc:
            found.append(f"The folder {self.data} can't be used ({exc.strerror}); choose another with --data.")
        return found

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The environment of all processes: the inherited one without the variables of other installations."""
        kept = {name: value for name, value in inherited.items() if not name.upper().startswith(FOREIGN)}
        return kept | {
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SECRET_KEY": self._secret_key(),
            "DJANGO_TIME_ZONE": TIME_ZONE,
            "RUNTASK_ANNOUNCE": "C0OPS",
            "RUNTASK_DATA": str(self.data),
            "RUNTASK_BASE_URL": self.site,
            "RUNTASK_LINK_BY_EMAIL": "1",  # the addresses in both places are ours
            "RUNTASK_KILL": "1",  # the worker is a prefork one
            "RUNTASK_DEADLINE": "120",  # seconds, so that people soon see the “no word yet”
            "RUNTASK_IMPORTS": "runtask_demo.tasks",
            "SLACK_API_URL": f"{self.slack}api/",
            "SLACK_BOT_TOKEN": "xoxb-local",
            "SLACK_APP_TOKEN": "xapp-local",
            "SLACK_SIGNING_SECRET": "local-signing-secret",
        }

    def preparation(self) -> list[str]:
        return _python("runtask_demo.prepare", str(self.schedules))

    def processes(self) -> dict[str, list[str]]:
        """The commands by name, in the order in which they start."""
        way = ["--http", f"{self.site}/slack/events"] if self.http else ["--socket"]
        state = str(self.data / "localslack.json")
        address = f"{HOST}:{self.web_port}"
        return {
            "local-slack": _python("localslack", "--port", str(self.port), "--state", state, "--rate-limits", *way),
            "worker": _python("celery", *["-A", "bot", "worker", "-c", "2", "-l", "warning", "-Q"], QUEUES),
            "web": _python(
                "gunicorn", *["--config", "python:bot.gunicorn_conf", "bot.wsgi"], "--bind", address, "-w", "1"
            ),
            "bot": _python("bot", "notify" if self.http else "slack"),
        }

    def ping(self) -> list[str]:
        """The command that succeeds when a worker answers."""
        return _python("celery", *["-A", "bot", "inspect", "ping"])

    def welcome(self) -> str:
        return WELCOME.format(slack=self.slack, site=self.site, logs=self.logs, data=self.data, admin=ADMIN)

    def _secret_key(self) -> str:
        """Django's secret key. It is kept in a file, so that people stay logged in after a restart."""
        file = self.data / "secret-key"
        file.touch(mode=0o600)
        if not file.read_text():
            file.write_text(secrets.token_urlsafe(50))
        return file.read_text()


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _trouble(port: int, option: str) -> str:
    """Why a port can't be used. Empty if it can."""
    if port not in range(1, 65536):
        return f"There is no port {port}; choose another with {option}."
    with socket.socket() as probe:
        # Servers set this, too. Without it, a port that was closed a moment ago would seem to be in use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as exc:
            why = "is in use already" if exc.errno == errno.EADDRINUSE else f"can't be used ({exc.strerror})"
            return f"Port {port} {why}; choose another with {option}."
    return ""
