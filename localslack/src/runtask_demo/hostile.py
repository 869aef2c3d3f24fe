"""Text with which a visitor tries to do harm. Slack must show it, and not interpret it."""

SIZE = 200_000  # characters, at least
TRICKS = (
    "<!channel> <!here> <!everyone> @channel @here @everyone",
    "<@U0ANA> <#C0GENERAL> <!subteam^S012345>",
    "<https://evil.example|https://bank.example> https://evil.example [click](https://evil.example)",
    "*bold* _italic_ ~strike~ `code` ```",
    "``` fence closed, now outside ``` > quoted",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07a link\x1b]8;;\x07 \x07\x00\x08",
    "turned around: \u202egnp.exe\u202c, isolated: \u2066hidden\u2069, joined: z\u200be\u200br\u200bo\ufeff",
    "&lt;!channel&gt; &amp;amp; <script>alert(1)</script> {{ 7 * 7 }} %(x)s %n \\u003c!channel\\u003e",
    ":wave: :not_an_emoji: 👩🏽‍🚀 Ünïcödé ﷽ Z̷̢͠a̶l̸g̵o̷ \ud7ff \U0010ffff",
)
HOSTILE = ("\n".join(TRICKS) + "\n" + "A" * 4_000 + "\n") * (SIZE // 4_000)
