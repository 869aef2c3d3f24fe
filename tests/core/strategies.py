"""Generators of hostile text and of JSON."""

from typing import Any

from hypothesis import strategies as st

NASTY = [
    "<!channel>", "<@U0ADA>", "<https://evil.example|ok>", "```", "`x`", "*b*", "_i_", "~s~", ":smile:", "&amp;", "&lt;",
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u202eevil", "\u2066", "\x00", "\x9b1m", "\r\n", "\n", "\t", " ", "\u2028",
    "“", "”", '"', "'", "\\", "[", "]", "{", "}", ",", ":", "#", "@here", "😀", "é", "e\u0301", "\u200b", "\ufeff", ">", "<",
]  # fmt: skip
# All characters except lone surrogates, which no database can hold.
characters = st.characters(exclude_categories=["Cs"])
text = st.one_of(
    st.text(characters), st.lists(st.one_of(st.sampled_from(NASTY), st.text(characters, max_size=5))).map("".join)
)
any_text = st.one_of(text, st.text(st.characters(exclude_categories=())))
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.integers(10**300, 10**600))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, text),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text, inner, max_size=4)),
    max_leaves=12,
)
lists = st.lists(values, max_size=5)
objects = st.dictionaries(text, values, max_size=5)


def long(limit: int) -> Any:
    """Generates hostile text of up to `limit` characters."""
    return st.builds(lambda part, times: (part * times)[:limit], text, st.sampled_from([1, 1, 10, 1000, limit]))
