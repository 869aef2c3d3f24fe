"""Several apps and workspaces on one database, a real `runtask slack` for each: every thread is whole and in its place."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localslack.testing import Installation, LocalSlack, Person
from tests.e2e.platform import Platform
from tests.e2e.processes import PATIENCE
from tests.wire.conftest import OPS
from tests.wire.form import opened, shown
from tests.wire.test_thread import FINAL, all_words

RUNS = 4
FIRST, OTHER, THERE = (
    ("A0LOCAL", "T0LOCAL", "/runtask"),
    ("A0OTHER", "T0LOCAL", "/other"),
    ("A0THERE", "T0TWO", "/there"),
)
Place = tuple[str, str, str]  # app, workspace, command


@pytest.fixture(scope="module")
def shared(slack: LocalSlack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A workspace with two apps, and a second one with equal ids of people and channels."""
    with Platform(tmp_path_factory.mktemp("shared"), slack) as platform:
        platform.schedules({"name": "Nightly report", "task": "tests.wire.report", "kwargs": '{"days": 7}'})
        platform.start_worker()
        slack.add_workspace("T0TWO", name="Second", domain="second")
        bots = [installed(slack, OTHER, "U0OTHER", "B0OTHER"), installed(slack, THERE, "U0THERE", "B0THERE")]
        for team in ("T0LOCAL", "T0TWO"):
            platform.runtask("staff", "add", "U0ANA", "ana", "--team", team)
        platform.start_bot()
        for bot in bots:
            tokens = {"SLACK_BOT_TOKEN": bot.bot_token, "SLACK_APP_TOKEN": bot.app_token}
            command = next(command for app, _, command in (OTHER, THERE) if app == bot.app)
            platform._start(bot.app, "-m", "bot", "slack", **tokens, RUNTASK_COMMAND=command)
            slack.wait_for_app(app=bot.app, timeout=PATIENCE)
        yield platform


def installed(slack: LocalSlack, place: Place, user: str, bot: str) -> Installation:
    app, team, command = place
    slack.add_app(app, name=app.title(), commands=[command])
    return slack.install(app, team, channels=[OPS], bot_user_id=user, bot_id=bot)


def whole(person: Person) -> list[list[str]]:
    """By thread of the person's channel that has its id and its end: the app that posted each message."""
    threads = [[root, *person.thread(OPS, root["ts"])] for root in person.messages(OPS)]
    done = [thread for thread in threads if len(thread) == 3 and FINAL.search(all_words(thread[-1]))]
    return [[message["app_id"] for message in thread] for thread in done]


def test_every_run_is_reported_by_its_own_app_in_its_own_workspace(slack: LocalSlack, shared: Platform) -> None:
    here, there = slack.person("U0ANA"), slack.person("U0ANA", "T0TWO")
    for person, (_, _, command) in ((here, FIRST), (here, OTHER), (there, THERE)) * RUNS:
        opened(slack, person, f"{command} nightly")
        assert person.submits()["closed"]
    slack.wait_for(lambda: len(whole(here)) == 2 * RUNS and len(whole(there)) == RUNS, 90)
    apps = [thread[0] for thread in whole(here)]
    assert all(len(set(thread)) == 1 for thread in whole(here) + whole(there))
    assert sorted(apps) == ["A0LOCAL"] * RUNS + ["A0OTHER"] * RUNS
    assert {thread[0] for thread in whole(there)} == {"A0THERE"}
    assert "was given up" not in "".join(shared.log(name) for name in ("slack", "A0OTHER", "A0THERE"))


@pytest.fixture
def rule(shared: Platform, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Imports the only rule: runs from Slack may report only to this channel."""
    file = tmp_path / "rules.yaml"

    def imported(channel: str) -> None:
        file.write_text(f'- name: Only there\n  tasks: ["*"]\n  channels: [{channel}]\n')
        shared.runtask("rules", "import", str(file))

    yield imported
    file.write_text("[]")
    shared.runtask("rules", "import", str(file), "--empty")


def test_a_rule_applies_to_every_installation(slack: LocalSlack, rule: Callable[[str], None]) -> None:
    """Both workspaces have a channel with this id, and the rule applies to both."""
    here, there = slack.person("U0ANA"), slack.person("U0ANA", "T0TWO")
    for channel, is_refused in (("C0QUIET", True), (OPS, False)):
        rule(channel)
        for person, (_, _, command) in ((here, FIRST), (here, OTHER), (there, THERE)):
            form = shown(opened(slack, person, f"{command} nightly"))
            assert ("Only there" in form) is is_refused
            person.closes()
