"""The examples in README.md work, and it names all routes of the control API."""

import re
from pathlib import Path

from localslack.server import application
from localslack.slack import Slack
from localslack.testing import Json, LocalSlack
from localslack_tests.apps import SocketApp
from localslack_tests.views import modal, section

README = Path(__file__).parents[1].joinpath("README.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_example_of_a_test_works() -> None:
    started: list[SocketApp] = []

    class Observed(LocalSlack):
        """A local Slack that closes the app's connection, which the example leaves open."""

        def stop(self) -> None:
            for app in started:
                app.__exit__()
            super().stop()

    def start_my_app(api_url: str, bot_token: str, app_token: str) -> None:
        slack: LocalSlack = names["slack"]
        assert (api_url, bot_token, app_token) == (slack.api_url, slack.bot_token, slack.app_token)
        app = SocketApp(slack)

        def answer(payload: Json) -> None:
            app.client.views_open(trigger_id=payload["trigger_id"], view=modal(section("Sure?")))

        def post(_: Json) -> None:
            app.client.chat_postMessage(channel="C0OPS", text="done")

        app.answers |= {"slash_commands": answer, "view_submission": post}
        started.append(app.__enter__())

    names: Json = {"LocalSlack": Observed, "start_my_app": start_my_app}
    code = EXAMPLES[0].replace("from localslack.testing import LocalSlack\n", "")
    exec(compile(code, "README.md", "exec"), names)
    assert started


def test_the_example_with_several_workspaces_works(slack: LocalSlack) -> None:
    names: Json = {"slack": slack}
    exec(compile(EXAMPLES[1], "README.md", "exec"), names)
    installed = slack.look("installations")["installations"]
    assert [(one["team"], one["app"]) for one in installed] == [
        ("T0LOCAL", "A0LOCAL"),
        ("T0LOCAL", "A0OTHER"),
        ("T0TWO", "A0LOCAL"),
    ]
    assert {one["bot_token"] for one in installed} >= {names["there"].bot_token, names["other"].bot_token}


def test_the_example_of_scopes_and_farewells_works(slack: LocalSlack) -> None:
    manifest = {"oauth_config": {"scopes": {"bot": ["commands", "im:history"], "bot_optional": ["im:history"]}}}
    exec(compile(EXAMPLES[2], "README.md", "exec"), {"slack": slack, "manifest": manifest})
    assert slack.look("config")["config"]["scopes"] is None  # the new installation has no list of scopes


def test_every_route_of_the_control_api_is_named() -> None:
    routes = {str(one.resource.canonical) for one in application(Slack()).router.routes() if one.resource}
    names = {path.removeprefix("/control/") for path in routes if path.startswith("/control/")}
    assert len(names) > 20
    assert names <= set(re.findall(r"`(?:GET |POST |DELETE )?(\w+)`", README))
