"""The whole way from a slash command to a message in a thread, over both transports."""

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.apps import App
from localslack_tests.views import menu, modal, option, text_input


def scripted(app: App) -> None:
    """Let the app open a menu, show arguments for the picked option, and post the submitted text."""

    def open_modal(payload: Json) -> None:
        app.client.views_open(
            trigger_id=payload["trigger_id"], view=modal(menu(), private_metadata=payload["channel_id"])
        )

    def show_arguments(payload: Json) -> None:
        view, picked = payload["view"], payload["actions"][0]["selected_option"]["value"]
        arguments = text_input(f"args:{picked}", initial_value="{}")
        changed = modal(menu(), arguments, private_metadata=view["private_metadata"])
        app.client.views_update(view_id=view["id"], hash=view["hash"], view=changed)

    def run(payload: Json) -> None:
        channel = payload["view"]["private_metadata"]
        root = app.client.chat_postMessage(channel=channel, text="running")
        typed = payload["view"]["state"]["values"]["args:nightly"]["typed"]["value"]
        app.client.chat_postMessage(channel=channel, thread_ts=root["ts"], text=typed)

    app.answers["slash_commands"] = open_modal
    app.answers["block_suggestion"] = lambda _: {"options": [option("nightly report", "nightly"), option("weekly")]}
    app.answers["block_actions"] = show_arguments
    app.answers["view_submission"] = run


def test_a_command_opens_a_modal_whose_submission_ends_in_a_thread(
    either_app: App, slack: LocalSlack, ana: Person
) -> None:
    scripted(either_app)
    assert ana.types("C0OPS", "/runtask nightly")["ok"]
    assert ana.labels("task") == ["nightly report", "weekly"]
    assert ana.picks("task", "pick", "nig", "nightly report") == {"ok": True, "dispatched": True}
    ana.fills("args:", None, '{"days": 3}')
    assert ana.submits() == {"ok": True, "closed": True, "stack": []}
    root = ana.messages("C0OPS")[-1]
    assert (root["text"], root["reply_count"]) == ("running", 1)
    assert [reply["text"] for reply in ana.thread("C0OPS", root["ts"])] == ['{"days": 3}']
    assert slack.person("U0BEN").messages("C0OPS")[-1]["text"] == "running"
    assert ana.modal() is None
