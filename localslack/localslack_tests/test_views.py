"""views.*: triggers, hashes, stacks, and typed text that survives an update."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.apps import App
from localslack_tests.test_payloads import open_modal, recorded
from localslack_tests.views import actions, button, menu, modal, option, plain, section, text_input

Refused = Callable[[Callable[[], object]], SlackResponse]


@pytest.fixture
def trigger(app: App, ana: Person) -> Callable[[], str]:
    """A function that returns a new trigger id for Ana."""

    def issue() -> str:
        ana.types("C0OPS", "/runtask")
        return str(app.received("slash_commands")[-1]["trigger_id"])

    return issue


def values_of(person: Person) -> Json:
    view = person.modal()
    assert view is not None
    return dict(view["state"]["values"])


def test_an_opened_view_has_keys_that_slack_has(app: App, trigger: Callable[[], str]) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal(private_metadata="m", external_id="e"))["view"]
    assert set(view) <= set(recorded("web_api.views.open.java_shape.json")["view"])
    assert set(recorded("web_api.views.open.ok.json")["view"]) <= set(view)
    assert view["state"]["values"] == {"args": {"typed": {"type": "plain_text_input", "value": None}}}


def test_ids_that_the_app_left_out_are_made_up(app: App, trigger: Callable[[], str]) -> None:
    block = text_input()
    del block["block_id"], block["element"]["action_id"]
    shown = app.client.views_open(trigger_id=trigger(), view=modal(block))["view"]["blocks"][0]
    assert shown["block_id"]
    assert shown["element"]["action_id"]


def test_text_comes_back_escaped(app: App, trigger: Callable[[], str]) -> None:
    blocks = [text_input(initial_value="<&>"), section("a < b <@U0ANA>")]
    view = app.client.views_open(trigger_id=trigger(), view=modal(*blocks, title=plain("R&D <x>")))["view"]
    assert view["title"]["text"] == "R&amp;D &lt;x&gt;"
    assert view["blocks"][1]["text"]["text"] == "a &lt; b <@U0ANA>"
    assert view["state"]["values"]["args"]["typed"]["value"] == "<&>"


def test_a_trigger_works_once(app: App, trigger: Callable[[], str], refused: Refused) -> None:
    once = trigger()
    app.client.views_open(trigger_id=once, view=modal())
    answer = refused(lambda: app.client.views_open(trigger_id=once, view=modal()))
    assert answer["error"] == "exchanged_trigger_id"


def test_a_trigger_works_for_three_seconds(
    slack: LocalSlack, app: App, trigger: Callable[[], str], refused: Refused
) -> None:
    late = trigger()
    slack.advance(3.1)
    assert refused(lambda: app.client.views_open(trigger_id=late, view=modal()))["error"] == "expired_trigger_id"


def test_an_unknown_trigger_is_refused(client: WebClient, refused: Refused) -> None:
    assert refused(lambda: client.views_open(trigger_id="1.2.3", view=modal()))["error"] == "invalid_trigger_id"


@pytest.mark.parametrize(
    ("view", "error"),
    [
        pytest.param(modal(title=plain("x" * 25)), "invalid_arguments", id="invalid"),
        pytest.param(modal(*[section("x" * 2999) for _ in range(90)]), "view_too_large", id="more than 250 kB"),
    ],
)
def test_a_view_that_slack_would_refuse_is_refused(
    app: App, trigger: Callable[[], str], refused: Refused, view: Json, error: str
) -> None:
    fresh = trigger()
    assert refused(lambda: app.client.views_open(trigger_id=fresh, view=view))["error"] == error


def test_an_external_id_is_unique(app: App, trigger: Callable[[], str], refused: Refused) -> None:
    app.client.views_open(trigger_id=trigger(), view=modal(external_id="e"))
    again = trigger()
    answer = refused(lambda: app.client.views_open(trigger_id=again, view=modal(external_id="e")))
    assert answer["error"] == "duplicate_external_id"


@pytest.mark.parametrize("by", ["view_id", "external_id"])
def test_an_update_finds_its_view_by_either_id_and_changes_the_hash(
    app: App, trigger: Callable[[], str], by: str
) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal(external_id="e"))["view"]
    address: dict[str, Any] = {"view_id": view["id"]} if by == "view_id" else {"external_id": "e"}
    changed = app.client.views_update(view=modal(section(), external_id="e"), **address)["view"]
    assert changed["id"] == view["id"]
    assert changed["hash"] != view["hash"]


def test_an_outdated_hash_conflicts(app: App, trigger: Callable[[], str], refused: Refused, ana: Person) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal())["view"]
    update = {"view_id": view["id"], "hash": view["hash"]}
    app.client.views_update(view=modal(section("newer")), **update)
    answer = refused(lambda: app.client.views_update(view=modal(section("older")), **update))
    assert answer["error"] == "hash_conflict"
    shown = ana.modal()
    assert shown is not None
    assert shown["blocks"][0]["text"]["text"] == "newer"


def test_typing_does_not_change_the_hash(app: App, trigger: Callable[[], str], ana: Person) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal())["view"]
    ana.fills("args", None, "x")
    assert app.client.views_update(view_id=view["id"], hash=view["hash"], view=modal())["ok"]


def test_a_closed_view_is_not_found(app: App, trigger: Callable[[], str], refused: Refused, ana: Person) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal())["view"]
    ana.closes()
    assert refused(lambda: app.client.views_update(view_id=view["id"], view=modal()))["error"] == "not_found"


def test_an_update_keeps_typed_text_under_the_same_ids(app: App, trigger: Callable[[], str], ana: Person) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal(text_input(initial_value="old")))["view"]
    app.client.views_update(view_id=view["id"], view=modal(text_input(initial_value="new")))
    assert values_of(ana)["args"]["typed"]["value"] == "old"
    ana.fills("args", None, "typed")
    app.client.views_update(view_id=view["id"], view=modal(text_input(initial_value="new"), text_input("more")))
    assert values_of(ana)["args"]["typed"]["value"] == "typed"


@pytest.mark.parametrize("fresh", [{"block_id": "args2"}, {"action_id": "typed2"}], ids=["block", "action"])
def test_a_fresh_id_shows_the_new_initial_value(
    app: App, trigger: Callable[[], str], ana: Person, fresh: dict[str, str]
) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal(text_input(initial_value="old")))["view"]
    ana.fills("args", None, "typed")
    app.client.views_update(view_id=view["id"], view=modal(text_input(**{"initial_value": "new", **fresh})))
    ((state,),) = [block.values() for block in values_of(ana).values()]
    assert state["value"] == "new"


def test_an_update_drops_the_state_of_removed_blocks(app: App, trigger: Callable[[], str], ana: Person) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal(text_input("a"), text_input("b")))["view"]
    app.client.views_update(view_id=view["id"], view=modal(text_input("b")))
    assert list(values_of(ana)) == ["b"]


def test_a_static_menu_cannot_keep_an_option_it_no_longer_has(
    app: App, trigger: Callable[[], str], ana: Person
) -> None:
    def static(*labels: str) -> Json:
        element = {"type": "static_select", "action_id": "a", "options": [option(one) for one in labels]}
        return modal(menu() | {"element": element})

    view = app.client.views_open(trigger_id=trigger(), view=static("one", "two"))["view"]
    ana.sets("task", selected_option="one")
    app.client.views_update(view_id=view["id"], view=static("two", "three"))
    assert values_of(ana)["task"]["a"]["selected_option"] is None


def test_the_fault_null_state_forgets_untouched_inputs_of_an_update(
    slack: LocalSlack, app: App, trigger: Callable[[], str], ana: Person
) -> None:
    view = app.client.views_open(trigger_id=trigger(), view=modal(text_input("first", initial_value="1")))["view"]
    more = [text_input("first"), text_input("second", initial_value="2"), text_input("third", initial_value="3")]
    app.client.views_update(view_id=view["id"], view=modal(*more))
    ana.fills("third", None, "3!")
    slack.fault("null_state", type="view_submission")
    ana.submits()
    sent = app.received("view_submission")[0]["view"]
    assert [sent["state"]["values"][name]["typed"]["value"] for name in ("first", "second", "third")] == [
        "1",
        None,
        "3!",
    ]
    assert sent["blocks"][1]["element"]["initial_value"] == "2"


def test_a_stack_has_at_most_three_views(slack: LocalSlack, app: App, refused: Refused) -> None:
    answers: list[SlackResponse] = []
    deeper = modal(actions(button("deeper")), submit=None)
    ana = open_modal(slack, app, *deeper["blocks"], submit=None)
    app.answers["block_actions"] = lambda payload: answers.append(_pushed(app, payload, deeper, refused, len(answers)))
    for _ in range(3):
        ana.clicks("buttons")
    assert [answer.get("error") for answer in answers] == [None, None, "push_limit_reached"]
    bottom, middle, top = ana.stack()
    assert {one["root_view_id"] for one in (bottom, middle, top)} == {bottom["id"]}
    assert [one["previous_view_id"] for one in (bottom, middle, top)] == [None, bottom["id"], middle["id"]]
    ana.closes()
    assert len(ana.stack()) == 2


def _pushed(app: App, payload: Json, view: Json, refused: Refused, depth: int) -> SlackResponse:
    def push() -> SlackResponse:
        return app.client.views_push(trigger_id=payload["trigger_id"], view=view)

    return refused(push) if depth == 2 else push()


def test_nothing_is_pushed_onto_a_home_tab(slack: LocalSlack, app: App, refused: Refused, ana: Person) -> None:
    home = app.client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [actions(button("go"))]})["view"]
    slack.control("click", user="U0ANA", view_id=home["id"], block_id="buttons", action_id="go")
    trigger_id = app.received("block_actions")[0]["trigger_id"]
    answer = refused(lambda: app.client.views_push(trigger_id=trigger_id, view=modal()))
    assert "must match the `type` of the root view" in answer["response_metadata"]["messages"][0]


def test_a_home_tab_is_published_and_replaced(
    slack: LocalSlack, client: WebClient, ana: Person, refused: Refused
) -> None:
    view = client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [section("one")]})["view"]
    client.views_publish(user_id="U0ANA", hash=view["hash"], view={"type": "home", "blocks": [section("two")]})
    home = ana.home()
    assert home is not None
    assert (home["id"], home["blocks"][0]["text"]["text"]) == (view["id"], "two")
    stale = {"user_id": "U0ANA", "hash": view["hash"], "view": {"type": "home", "blocks": [section()]}}
    assert refused(lambda: client.views_publish(**stale))["error"] == "hash_conflict"
    slack.config(home_tab=False)
    assert refused(lambda: client.views_publish(**stale))["error"] == "not_enabled"


def test_a_home_tab_has_the_limits_of_a_view(client: WebClient, refused: Refused) -> None:
    def publish(*blocks: Json, **more: str) -> Callable[[], SlackResponse]:
        return lambda: client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": list(blocks), **more})

    assert publish(*[section()] * 100)()["ok"]
    many = refused(publish(*[section()] * 101))
    assert many["error"] == "invalid_arguments"
    assert "[json-pointer:/view/blocks]" in str(many["response_metadata"]["messages"])
    long = {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2000}] * 10}
    assert refused(publish(*[long] * 13))["error"] == "view_too_large"
    assert refused(publish(section(), submit="x"))["error"] == "invalid_arguments"
    assert publish(text_input())()["ok"]  # a Home tab may have inputs, although it has no submit button


def test_a_menu_may_start_with_the_current_conversation(app: App, trigger: Callable[[], str], ana: Person) -> None:
    select = {"type": "conversations_select", "action_id": "a", "default_to_current_conversation": True}
    select["response_url_enabled"] = True
    app.client.views_open(trigger_id=trigger(), view=modal(menu() | {"element": select}))
    assert values_of(ana)["task"]["a"]["selected_conversation"] == "C0OPS"
    ana.submits()
    (url,) = app.received("view_submission")[0]["response_urls"]
    assert (url["block_id"], url["action_id"], url["channel_id"]) == ("task", "a", "C0OPS")
