"""docs/install.md, followed in a project of `examples/`."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from localslack.testing import LocalSlack, Person
from tests.e2e.platform import clean_environment
from tests.e2e.processes import PATIENCE
from tests.e2e.shop import OFFLINE, Project
from tests.support import guide
from tests.support.wheel import PRODUCT, ROOT, copied
from tests.wire.test_thread import FINAL, all_words

PAGE = ROOT / "docs/install.md"
BLOCKS = list(guide.blocks(PAGE))


def built(checkout: Path) -> Path:
    """The wheel, built in a clean checkout by the commands of the page."""
    copied(checkout, *PRODUCT)
    [build] = (block.text for block in BLOCKS if block.about == "checkout")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    subprocess.run(
        ["sh", "-ec", build], cwd=checkout, env=clean_environment(PATH=path, **OFFLINE), check=True, timeout=120
    )
    [wheel] = (checkout / "dist").iterdir()
    return wheel


def follow(
    project: Project,
    slack: LocalSlack,
    wheel: Path,
    change: Callable[[guide.Block], None],
    *,
    without: tuple[str, ...] = (),
) -> None:
    """Runs every block of the page, in order, as in one terminal. Only the tokens and Slack's address differ.

    `change` makes the change that a `diff` shows. `without` names the subjects of blocks that are skipped.
    """
    (project.where / wheel.name).write_bytes(wheel.read_bytes())
    exports = [f"export SLACK_API_URL={slack.api_url}"]
    for block in BLOCKS:
        text = block.text.replace("xoxb-…", slack.bot_token).replace("xapp-…", slack.app_token)
        if block.language == "diff":
            change(block)
        elif block.about == "start":
            *before, last = project.named(text).splitlines()
            # `exec`: signals reach the bot itself
            project.start("slack", "sh", "-ec", "\n".join([*exports, *before, f"exec {last}"]))
        elif block.about not in ("checkout", *without):
            project.run("sh", "-ec", "\n".join([*exports, text]))
            exports += [line for line in text.splitlines() if line.startswith("export ")]


def commands_of(section: str) -> list[str]:
    """The commands in the sentences of this section."""
    _, _, rest = PAGE.read_text().partition(f"## {section}\n")
    return re.findall(r"`((?:python manage\.py|pip) [^`]+)`", rest.partition("\n## ")[0])


def wait(project: Project, slack: LocalSlack) -> None:
    """Waits until the bot and the worker, which have been started, are ready."""
    project.wait("worker", project.is_working)
    slack.wait_for_app(timeout=PATIENCE)


def the_end(project: Project, slack: LocalSlack, person: Person, channel: str) -> tuple[str, str]:
    """Waits until the channel's only run has ended, and returns the two replies in its thread."""

    def told() -> list[str]:
        """The texts of the root and the replies."""
        roots = person.messages(channel)
        return [roots[-1]["text"], *map(all_words, person.thread(channel, roots[-1]["ts"]))] if roots else []

    try:
        slack.wait_for(lambda: len(now := told()) == 3 and FINAL.search(now[0]), PATIENCE)
    except AssertionError:
        logs = "\n".join(project.log(name)[-2000:] for name in ("worker", "slack"))
        pytest.fail(f"not told in {channel} how it ended, but only: {told()}\n{logs}")
    _, announced, final = told()
    return announced, final
