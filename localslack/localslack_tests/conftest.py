"""One local Slack for all tests here, reset before each test; apps on either transport."""

import os
from collections.abc import Callable, Iterator

import hypothesis
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from localslack.testing import LocalSlack, Person
from localslack.testing.browser import browser  # noqa: F401  # a fixture
from localslack_tests.apps import App, HttpApp, SocketApp

# A property must not fail because the machine is busy. Runs in CI are repeatable. HYPOTHESIS_PROFILE=nightly tries more
# examples, and other ones each time.
hypothesis.settings.register_profile("quick", max_examples=60, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True)
hypothesis.settings.register_profile("nightly", max_examples=500, deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


@pytest.fixture(scope="session")
def running_slack() -> Iterator[LocalSlack]:
    with LocalSlack() as slack:
        yield slack


@pytest.fixture
def slack(running_slack: LocalSlack) -> LocalSlack:
    running_slack.reset()
    return running_slack


@pytest.fixture
def client(slack: LocalSlack) -> WebClient:
    """Slack's own client, unchanged."""
    return WebClient(token=slack.bot_token, base_url=slack.api_url)


@pytest.fixture
def http_app(slack: LocalSlack) -> Iterator[HttpApp]:
    with HttpApp(slack) as app:
        slack.config(mode="http", http_url=app.url)
        yield app


@pytest.fixture(scope="module")
def running_socket_app(running_slack: LocalSlack) -> Iterator[SocketApp]:
    """One connection per module, not per session: its threads use `random`, which would disturb Hypothesis."""
    with SocketApp(running_slack) as app:
        yield app


@pytest.fixture
def socket_app(slack: LocalSlack, running_socket_app: SocketApp) -> SocketApp:
    running_socket_app.forget()
    return running_socket_app


@pytest.fixture
def app(http_app: HttpApp) -> App:
    """An app for tests in which the transport doesn't matter."""
    return http_app


@pytest.fixture(params=["socket_app", "http_app"])
def either_app(request: pytest.FixtureRequest) -> App:
    """An app; the test runs once on each transport."""
    found: App = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def ana(slack: LocalSlack) -> Person:
    return slack.person("U0ANA")


@pytest.fixture
def refused() -> Callable[[Callable[[], object]], SlackResponse]:
    """The answer to a call that Slack refuses."""

    def call(work: Callable[[], object]) -> SlackResponse:
        with pytest.raises(SlackApiError) as caught:
            work()
        response: SlackResponse = caught.value.response
        return response

    return call
