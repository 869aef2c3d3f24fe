"""Messages, threads, notifications and the frame around them."""

import re

import pytest
from playwright.sync_api import Page, expect

from localslack.testing import LocalSlack
from localslack_tests.apps import NO_ANSWER, App, HttpApp
from localslack_tests.page.hands import Visit, channel, says, types
from localslack_tests.views import actions, button, plain, section

pytestmark = pytest.mark.nightly

HOSTILE = "<img src=x onerror=alert(1)> <script>alert(1)</script> <javascript:alert(1)|click> *b* `c`"


def test_hostile_text_is_shown_and_does_nothing(page: Page, app: App) -> None:
    rich = [{"type": "text", "text": HOSTILE}, {"type": "link", "url": "javascript:alert(1)", "text": "link"}]
    says(
        app,
        text=HOSTILE,
        blocks=[
            section(HOSTILE),
            {"type": "header", "text": plain(HOSTILE)},
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": rich[:1]}]},
            actions(button(text=plain("<b>bold</b>"))),
        ],
    )
    body = page.get_by_test_id("message").last
    expect(body.get_by_text("<script>alert(1)</script>")).to_have_count(3)
    expect(body.get_by_test_id("button")).to_have_text("<b>bold</b>")
    assert body.locator("img, script, a").count() == 0


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _it_ ~gone~ `co*d*e`", "<strong>bold</strong> <em>it</em> <s>gone</s> <code>co*d*e</code>"),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4"),
        ("&lt;@U0ANA&gt; &amp;amp; <b>", "&lt;@U0ANA&gt; &amp;amp; &lt;b&gt;"),
        ("<@U0BEN> <#C0OPS> <!here> <!nobody>", "@Ben Okafor #ops @here &lt;!nobody&gt;"),
        ("<https://e.example/?a=1&amp;b=2|see *this*>", "<a>see *this*</a>"),
        ("see https://e.example/x.", "see <a>https://e.example/x</a>."),
        ("&gt; quoted\nnot", "<blockquote>quoted</blockquote>not"),
        ("a\n```\n*x*\n  y\n```\nb", "a<pre>*x*\n  y</pre>b"),
        (":x: :no_such_thing:", "❌ :no_such_thing:"),
        ("<!date^0^{nonsense}|then>", "then"),
    ],
)
def test_mrkdwn_is_shown_as_in_slack(page: Page, text: str, html: str) -> None:
    script = """async (text) => {
        const node = document.createElement("div");
        node.append(...(await import("/static/text.js")).mrkdwn(text));
        return node.innerHTML;
    }"""
    shown = re.sub(r"</?(?:span|time)\b[^>]*>", "", page.evaluate(script, text))
    kept = re.sub(r"<a class=\"mention\"[^>]*>(#\w+)</a>", r"\1", shown)
    assert re.sub(r"<(\w+) [^>]*>", r"<\1>", kept) == html


def test_an_ephemeral_message_is_for_one_person_only(visit: Visit, app: App) -> None:
    ana, ben = visit("U0ANA"), visit("U0BEN")
    app.client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="psst")
    says(app, text="aloud")
    expect(ben.get_by_test_id("message")).to_have_count(1)
    secret = ana.get_by_test_id("message").filter(has_text="psst")
    expect(secret.get_by_test_id("ephemeral")).to_have_text("Only visible to you")


def test_mentions_are_suggested_and_reach_the_app(page: Page, app: App, slack: LocalSlack) -> None:
    slack.config(events=["app_mention"])
    composer = page.get_by_test_id("composer")
    composer.press_sequentially("hey @run")
    expect(page.get_by_test_id("command-option")).to_have_text("@Runtask")
    page.keyboard.press("Enter")
    expect(composer).to_have_value("hey @Runtask ")
    types(page, "nightly @Ben Okafor")
    slack.wait_for(lambda: app.received("event_callback"))
    assert app.received("event_callback")[0]["event"]["text"] == "hey <@U0BOT> nightly <@U0BEN>"
    expect(page.get_by_test_id("message").last).to_contain_text("hey @Runtask nightly @Ben Okafor")


def test_a_thread_is_opened_answered_and_still_there_after_a_reload(page: Page, app: App) -> None:
    root = says(app, text="<@U0ANA> root")
    says(app, text="first", thread_ts=root)
    expect(page.get_by_test_id("toast")).to_have_count(1)
    page.get_by_test_id("open-thread").click()
    expect(page.get_by_test_id("toast")).to_have_count(0)
    thread = page.get_by_test_id("thread-pane")
    expect(thread.get_by_test_id("message")).to_contain_text(["root", "first"])
    types(page, "second", "thread-composer")
    expect(page.get_by_test_id("open-thread")).to_contain_text("2 replies")
    types(page, "/runtask", "thread-composer")
    expect(thread.get_by_test_id("composer-problem")).to_have_text("/runtask is not supported in threads. Sorry!")
    assert page.url.endswith(f"#user=U0ANA&channel=C0OPS&thread={root}")
    page.reload()
    expect(thread.get_by_test_id("message")).to_contain_text(["root", "first", "second"])
    thread.get_by_test_id("thread-close").click()
    expect(thread).to_be_hidden()
    page.goto(app.client.chat_getPermalink(channel="C0OPS", message_ts=root)["permalink"])
    expect(page.locator(f'[data-ts="{root}"].revealed')).to_be_visible()


def test_the_menu_of_a_message_in_a_thread_offers_the_shortcut(page: Page, app: App, slack: LocalSlack) -> None:
    root = says(app, text="root")
    ts = slack.person("U0BEN").types("C0OPS", "first", root)["ts"]
    page.get_by_test_id("open-thread").click()
    reply = page.get_by_test_id("thread-pane").get_by_test_id("message").filter(has_text="first")
    reply.hover()
    reply.get_by_test_id("message-actions").click()
    page.get_by_role("menuitem", name="Run a schedule here").click()
    [used] = slack.wait_for(lambda: app.received("message_action"))
    assert (used["callback_id"], used["message"]["ts"], used["message"]["thread_ts"]) == ("run_here", ts, root)


def test_a_message_elsewhere_shows_a_badge_and_a_notification(visit: Visit, app: App) -> None:
    page = visit(channel="C0GENERAL")
    says(app, text="<@U0ANA> report &lt;done&gt; :white_check_mark:", blocks=[section("something else")])
    expect(channel(page, "C0OPS").get_by_test_id("unread")).to_have_text("1")
    toast = page.get_by_test_id("toast")
    expect(toast.get_by_test_id("toast-text")).to_have_text("@Ana Ruiz report <done> ✅")
    toast.click()
    expect(page.get_by_test_id("message")).to_contain_text(["something else"])
    expect(channel(page, "C0OPS").get_by_test_id("unread")).to_have_count(0)


def test_a_button_asks_first_and_says_when_its_app_fails(page: Page, app: HttpApp, slack: LocalSlack) -> None:
    sure = {"title": plain("Sure?"), "text": plain("Really."), "confirm": plain("Yes"), "deny": plain("No")}
    says(app, text="x", blocks=[actions(button(confirm=sure))])
    press = page.get_by_test_id("button")
    press.click()
    expect(page.get_by_role("alertdialog", name="Sure?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(press).to_be_focused()
    app.answers["block_actions"] = lambda body: NO_ANSWER
    slack.config(deadline=0.2)
    press.click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("element-warning")).to_contain_text("operation_timeout")
    assert [body["actions"][0]["action_id"] for body in app.received("block_actions")] == ["press"]


@pytest.mark.parametrize("block_id", ["buttons", "others"])
def test_a_press_on_a_message_that_is_edited_meanwhile_works_or_is_refused_aloud(
    page: Page, app: HttpApp, slack: LocalSlack, block_id: str
) -> None:
    sure = {"title": plain("Sure?"), "text": plain("Really."), "confirm": plain("Yes"), "deny": plain("No")}
    ts = says(app, text="x", blocks=[actions(button(confirm=sure))])
    page.get_by_test_id("button").click()
    blocks = [section("edited"), actions(button(confirm=sure), block_id=block_id)]
    app.client.chat_update(channel="C0OPS", ts=ts, text="x", blocks=blocks)
    expect(page.get_by_test_id("message")).to_contain_text(["edited"])
    page.get_by_test_id("confirm-yes").click()
    if block_id == "buttons":
        slack.wait_for(lambda: app.received("block_actions"))
    else:
        expect(page.get_by_test_id("toast")).to_contain_text("element_not_found")


def test_each_person_sees_their_own_slack(page: Page) -> None:
    page.locator('[data-testid=person-switch][data-user-id="U0OLGA"]').click()
    expect(page.get_by_test_id("channel")).to_have_text(["sharedshared", "Runtask"])
    expect(page.get_by_role("button", name="Olga Outsider")).to_have_attribute("aria-pressed", "true")


def test_the_home_tab_shows_what_the_app_published(visit: Visit, app: App, slack: LocalSlack) -> None:
    slack.config(home_tab=True)
    page = visit(channel="D0ANA")
    page.get_by_test_id("tab-home").click()
    app.client.views_publish(
        user_id="U0ANA", view={"type": "home", "blocks": [section("*Recent* runs"), actions(button())]}
    )
    expect(page.get_by_test_id("home")).to_contain_text("Recent runs")
    page.get_by_test_id("home").get_by_test_id("button").click()
    slack.wait_for(lambda: app.received("block_actions"))


def test_an_app_opens_at_its_home_tab_or_at_unread_messages(visit: Visit, app: App) -> None:
    page = visit()
    bot = channel(page, "D0ANA")
    home, messages = page.get_by_test_id("tab-home"), page.get_by_test_id("tab-messages")
    bot.click()
    expect(home).to_have_attribute("aria-selected", "true")
    says(app, channel="D0ANA", text="done")
    expect(bot.get_by_test_id("unread")).to_have_text("1")
    channel(page, "C0OPS").click()
    expect(page.get_by_test_id("channel-title")).to_contain_text("ops")
    bot.click()
    expect(messages).to_have_attribute("aria-selected", "true")
    expect(page.get_by_test_id("message")).to_contain_text(["done"])
    expect(bot.get_by_test_id("unread")).to_have_count(0)
    channel(page, "C0OPS").click()
    bot.click()
    expect(home).to_have_attribute("aria-selected", "true")


def test_an_app_without_a_home_tab_opens_at_its_messages(visit: Visit, app: App, slack: LocalSlack) -> None:
    slack.config(home_tab=False)
    page = visit()
    channel(page, "D0ANA").click()
    expect(page.get_by_test_id("composer")).to_have_attribute("placeholder", "Message Runtask")
    expect(page.get_by_test_id("composer")).to_be_visible()
    expect(page.get_by_test_id("home")).to_be_hidden()


def test_on_a_phone_the_channels_are_in_a_drawer_and_nothing_is_cut_off(visit: Visit, app: App) -> None:
    page = visit(viewport={"width": 360, "height": 740})
    says(app, text="x" * 300)
    expect(page.get_by_test_id("message")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(channel(page, "C0GENERAL")).to_be_hidden()
    page.get_by_test_id("drawer").click()
    channel(page, "C0GENERAL").click()
    expect(page.get_by_test_id("channel-title")).to_have_text("general")
    expect(channel(page, "C0GENERAL")).to_be_hidden()


def test_the_page_says_that_the_app_is_gone(page: Page, slack: LocalSlack) -> None:
    expect(page.get_by_test_id("connection")).to_have_text("Runtask is connected")
    slack.config(mode="socket")
    expect(page.get_by_test_id("connection")).to_have_text("Runtask isn’t connected")


def test_after_a_lost_connection_the_page_shows_what_it_missed(page: Page, app: App, slack: LocalSlack) -> None:
    slack.control("hang_up")
    expect(page.get_by_test_id("connection")).to_have_text("Reconnecting to the local Slack…")
    says(app, text="meanwhile")
    expect(page.get_by_test_id("message")).to_contain_text(["meanwhile"], timeout=15_000)
    expect(page.get_by_test_id("connection")).to_have_text("Runtask is connected")
