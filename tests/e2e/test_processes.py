"""From command to final status with only public commands: real worker, real bot, real web server."""

import signal

import pytest

from localslack.testing import LocalSlack
from tests.e2e.platform import Platform
from tests.wire.conftest import OPS
from tests.wire.form import opened
from tests.wire.test_thread import all_words, finished


@pytest.fixture(autouse=True)
def _empty(slack: LocalSlack, platform: Platform) -> None:
    slack.reset()


def run_report(slack: LocalSlack, days: int) -> None:
    ana = slack.person("U0ANA")
    opened(slack, ana, "/runtask nightly")
    ana.fills("kwargs:", None, f'{{"days": {days}}}')
    assert ana.submits()["closed"]
    root, [_, final] = finished(slack, ana)
    assert f"days: 7 -> {days}" in all_words(root)
    assert f'"rows": {days}' in all_words(final)


def test_a_run_in_socket_mode_ends_in_its_thread(slack: LocalSlack, platform: Platform) -> None:
    platform.start_bot()
    run_report(slack, 30)
    assert platform.stop("slack") == 0


def test_a_run_in_http_mode_ends_in_its_thread(slack: LocalSlack, platform: Platform) -> None:
    platform.start_web()
    platform.start_notifier()
    slack.config(mode="http", http_url=f"{platform.url}/slack/events")
    run_report(slack, 31)
    assert platform.stop("notify") == 0
    platform.stop("web")


def test_a_run_survives_the_death_of_the_bot(slack: LocalSlack, platform: Platform) -> None:
    platform.start_bot()
    ana = slack.person("U0ANA")
    opened(slack, ana, "/runtask slow")
    assert ana.submits()["closed"]
    slack.wait_for(lambda: ana.messages(OPS))
    platform.stop("slack", signal.SIGKILL)
    slack.wait_for(lambda: not slack.connections())
    platform.start_bot()
    _, [_, final] = finished(slack, ana)
    assert "SUCCESS" in all_words(final)
    platform.stop("slack")


def test_a_revoked_run_says_so(slack: LocalSlack, platform: Platform) -> None:
    platform.start_bot()
    ana = slack.person("U0ANA")
    opened(slack, ana, "/runtask slow")
    ana.fills("kwargs:", None, '{"steps": 200}')
    assert ana.submits()["closed"]
    slack.wait_for(lambda: ana.messages(OPS) and "running" in all_words(ana.messages(OPS)[-1]), 20)
    platform.shell(
        "from bot import wiring; from bot.models import Run; "
        "wiring.celery_app().control.revoke(Run.objects.latest('pk').task_id, terminate=True)"
    )
    _, [_, final] = finished(slack, ana)
    assert "REVOKED" in all_words(final)
    platform.stop("slack")


def test_one_error_names_all_that_an_environment_lacks(platform: Platform) -> None:
    environment = {
        **platform.environment,
        "SLACK_BOT_TOKEN": "",
        "SLACK_APP_TOKEN": "",
        "DATABASE_URL": "oracle://x:secret@y/z",
    }
    broken = Platform(platform.folder, platform.slack)
    broken.environment = environment
    with pytest.raises(AssertionError) as failure:
        broken.runtask("slack")
    said = str(failure.value)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DATABASE_URL"):
        assert name in said
    assert "secret" not in said
    assert "Traceback" not in said
