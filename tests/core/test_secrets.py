"""Secrets are found in values and in texts, and masked."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.known import LONG, Known
from bot.core.model import Field
from bot.core.scrub import MASK
from bot.core.secrets import WORDS, Secrets, is_secret
from tests.core import strategies
from tests.factories import a_dispatch, a_request, a_schedule, an_outcome

DEFAULT = Secrets()


@pytest.mark.parametrize(
    "name",
    [
        "password", "PASSWORD", "passwords", "db_password", "dbPassword", "password2", "Passwd", "PWD", "pgPwd", "passphrase",
        "privateKey", "PRIVATE-KEY", "accessKey", "aws_secret_access_key", "apikey", "apiKey", "API-KEY", "X-Api-Key", "API key",
        "dsn", "sentryDSN", "cookie", "Set-Cookie", "auth", "auth_header", "Proxy-Authorization", "smtp.password", "oauth_token",
        "OAuthToken", "ｐａｓｓｗｏｒｄ", "sessionid",
    ],
)  # fmt: skip
def test_a_name_is_secret_if_one_of_its_words_is(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["author", "authority", "compass_word", "tokenizer", "secretary", "keys", "api", "private", "cookieless", "", "•"],
)
def test_a_part_of_a_word_is_not_secret(name: str) -> None:
    assert not is_secret(name)


def test_the_words_of_the_operator_replace_the_default_ones() -> None:
    own = ("PIN", "Zugangs-Code", "пароль")
    assert all(is_secret(name, own) for name in ("userPin", "zugangsCode", "ПАРОЛЬ"))
    assert not any(is_secret(name, own) for name in ("password", "spin"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param({"token": 5, "n": 5}, {"token": MASK, "n": 5}, id="a number"),
        pytest.param({"auth": {"user": "a"}, "l": [{"pwd": None}]}, {"auth": MASK, "l": [{"pwd": MASK}]}, id="deep"),
        pytest.param({"name": "api_key", "value": "x"}, {"name": "api_key", "value": MASK}, id="name and value"),
        pytest.param({"Key": "pwd", "Value": [1]}, {"Key": "pwd", "Value": MASK}, id="in capitals"),
        pytest.param({"name": "days", "value": "x"}, {"name": "days", "value": "x"}, id="another name"),
        pytest.param({"Name": "/prod/db/password", "Value": "x"}, {"Name": "/prod/db/password", "Value": MASK}, id="a path"),
        pytest.param({"name": "DB password", "value": "x"}, {"name": "DB password", "value": MASK}, id="several words"),
        pytest.param({"key": "db:token", "value": "x"}, {"key": "db:token", "value": MASK}, id="with colons"),
        pytest.param({"name": "token is old", "value": "x"}, {"name": "token is old", "value": "x"}, id="a sentence"),
        pytest.param([["db/pwd", "x"], ["token is", "y"]], [["db/pwd", MASK], ["token is", "y"]], id="pairs with paths"),
        pytest.param(["-v/run/secrets/s", "image"], ["-v/run/secrets/s", "image"], id="an option with its value"),
        pytest.param([["pwd", "x"], ["user", "y"]], [["pwd", MASK], ["user", "y"]], id="pairs"),
        pytest.param(["a", "--password", "x", "-v"], ["a", "--password", MASK, "-v"], id="an option"),
        pytest.param(["--password", "--force"], ["--password", "--force"], id="an option without a value"),
        pytest.param(["--password=x"], [f"--password={MASK}"], id="an option in one text"),
        pytest.param({"fields": ["user", "password", "mail"]}, {"fields": ["user", "password", "mail"]}, id="names only"),
        pytest.param(
            {"pwd": "hunter2-hunter2", "log": "as hunter2-hunter2", "hunter2-hunter2": 1},
            {"pwd": MASK, "log": f"as {MASK}", MASK: 1}, id="a known secret elsewhere",
        ),
        pytest.param({"pwd": 1234567890, "n": [1234567890, 7]}, {"pwd": MASK, "n": [MASK, 7]}, id="a known number"),
        pytest.param({"pwd": "short", "log": "as short"}, {"pwd": MASK, "log": "as short"}, id="too short to be known"),
    ],
)  # fmt: skip
def test_secret_values_are_masked(value: Any, shown: Any) -> None:
    assert Secrets.of(WORDS, (), ([], value)).value(value) == shown


def test_a_positional_value_is_secret_if_its_parameters_name_is() -> None:
    secrets = Secrets.of(WORDS, ("user", "password", "*tokens"), (["ada", "p1", "t1", "t2"], {}))
    assert secrets.args(["ada", "p1", "t1", "t2"]) == ["ada", MASK, MASK, MASK]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"password": "x", "days": 7}', f'{{"password": "{MASK}", "days": 7}}'),
        ('cut {"days": 7, "password": "hunt', f'cut {{"days": 7, "password": "{MASK}'),
        (r'{"a": "{\"pwd\": \"x\\\"y\", \"b\": 1}"}', rf'{{"a": "{{\"pwd\": \"{MASK}\", \"b\": 1}}"}}'),
        ("{'pwd': 'it\\'s', 'days': 7}", f"{{'pwd': '{MASK}', 'days': 7}}"),
        ("{'auth': {'user': 'a}', 'n': [1]}, 'days': 7}", f"{{'auth': {MASK}, 'days': 7}}"),
        ("Login(password='x y', days=7)", f"Login(password='{MASK}', days=7)"),
        ("Login(token=SecretStr('x'), days=7)", f"Login(token={MASK}, days=7)"),
        ("password=x&user=ada", f"password={MASK}&user=ada"),
        ("password: x is wrong\nnext", f"password: {MASK}\nnext"),
        ("Authorization: Bearer abc.def", f"Authorization: {MASK}"),
        ("sent Bearer abcdefgh1234 to", f"sent Bearer {MASK} to"),
        ("got Bearer abcdefgh: 401", f"got Bearer {MASK}: 401"),
        ("the bearer access_token: x", f"the bearer {MASK}: {MASK}"),
        (r"Bearer abcdefgh\u0026password=x", rf"Bearer {MASK}\u0026password={MASK}"),
        (r"Bearer abcdefgh\\u0026password=x", rf"Bearer {MASK}\\u0026password={MASK}"),
        (r"Bearer abcdefgh\u0022,\u0022password\u0022:\u0022x y", rf"Bearer {MASK}\u0022,\u0022password\u0022:{MASK}"),
        (r"Bearer abcdefgh\u0026days=7", rf"Bearer {MASK}\u0026days=7"),
        (r'{"h": "Bearer ab\/cd\u002Bef\u002bgh==", "n": 1}', rf'{{"h": "Bearer {MASK}", "n": 1}}'),
        ("Cookie: a=b; c=d\nHost: x", f"Cookie: {MASK}\nHost: x"),
        ("postgres://user:pw@host/db", f"postgres://user:{MASK}@host/db"),
        ("amqp://u:p@ss@host", f"amqp://u:{MASK}@host"),
        ("redis://:pa/ss@host/0", f"redis://:{MASK}@host/0"),
        ("redis://:pa#ss@host/0", f"redis://:{MASK}@host/0"),
        ("amqp://u:p?ss@host", f"amqp://u:{MASK}@host"),
        ("https://user:pw@host/path?mail=x@y.z", f"https://user:{MASK}@host/path?mail=x@y.z"),
        ("mongodb://h1:27017,h2:27017/db?x=a@b", "mongodb://h1:27017,h2:27017/db?x=a@b"),
        ("redis://:12/34@host/0", f"redis://:{MASK}@host/0"),
        ("amqp://u:p@s/s@host a@b", f"amqp://u:{MASK}@host a@b"),
        (r'{"url": "redis:\/\/u:p\/w@host"}', rf'{{"url": "redis:\/\/u:{MASK}@host"}}'),
        ("redis://:p@a,redis://:w@b", f"redis://:{MASK}@a,redis://:{MASK}@b"),
        ('{"Name": "/db/pwd", "Value": "x"}', f'{{"Name": "/db/pwd", "Value": "{MASK}"}}'),
        ("{'value': 'x', 'key': 'DB password'}", f"{{'value': '{MASK}', 'key': 'DB password'}}"),
        ("https://ghp_1234@github.com/x", f"https://{MASK}@github.com/x"),
        ("mysql --password x --user=ada", f"mysql --password {MASK} --user=ada"),
        ("['mysql', '--password', 'x', '-v']", f"['mysql', '--password', '{MASK}', '-v']"),
        ("[('pwd', 'x'), ('user', 'ada')]", f"[('pwd', '{MASK}'), ('user', 'ada')]"),
        ('{"name": "pwd", "type": "s", "value": "x"}', f'{{"name": "pwd", "type": "s", "value": "{MASK}"}}'),
        ('{"value": "x", "name": "pwd"}', f'{{"value": "{MASK}", "name": "pwd"}}'),
        ("os.environ['API_KEY'] = 'x'", f"os.environ['API_KEY'] = '{MASK}'"),
        (r'{"log": "a line\npassword: x\nmore"}', rf'{{"log": "a line\npassword: {MASK}"}}'),
        (r'{"p\u0061ssword": "x", "\uff54oken": 5}', rf'{{"p\u0061ssword": "{MASK}", "\uff54oken": {MASK}}}'),
        ("secret access key: x", f"secret access key: {MASK}"),
    ],
)
def test_a_text_is_searched_for_names_of_secrets(text: str, shown: str) -> None:
    assert DEFAULT.text(text) == shown
    assert DEFAULT.text(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'token'", "jwt.InvalidTokenError: it has expired", "author: Bob", "ssh://git@host/x", "std::token::x",
        "http://host:80/a@b", "invalid token in file: /tmp/x", "3 of 10, reading", "token, password and cookie", "12:30:45",
        "http://[::1]:80/@ada", "redis://h:6379/0, mail to a@b", "https://h/?mail=a:b@c", "oci://h:5000/i@sha256:abc", "file:///C:/a@b",
        '{"name": "password mail", "value": "x"}',
    ],
)  # fmt: skip
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert DEFAULT.text(text) == text


@given(strategies.text.filter(lambda text: len(text.strip()) >= 8), strategies.text, strategies.text)
def test_a_known_secret_is_found_in_any_text(secret: str, before: str, after: str) -> None:
    secrets = Secrets.of(WORDS, (), ([], {"password": secret}))
    for written in (secret, repr(secret), repr([secret, '"', "'"]), ascii(secret)):
        shown = secrets.text(f"{before}{written}{after}")
        assert secret.strip() not in shown.replace(before, "").replace(after, "")


@given(strategies.values)
def test_masking_twice_changes_nothing(value: Any) -> None:
    secrets = Secrets.of(WORDS, (), ([], value))
    once = secrets.value({"x": value, "token": value})
    assert secrets.value(once) == once


@given(strategies.any_text)
def test_blotting_keeps_every_position(text: str) -> None:
    for secrets in (DEFAULT, Secrets(names=("token",))):
        blotted = secrets.blotted(text, Field.ARGS)
        assert len(blotted) == len(text)
        assert [at for at, c in enumerate(blotted) if c == "\n"] == [at for at, c in enumerate(text) if c == "\n"]


PIECES = [
    "a", "a ", ":", "password:", 'value: "', "value: ( ", "\\", '"', "'\"\\", "://", "://a@", "[(", "password=[", "name: 'pwd', ",
    '{"value": "x", ', " ", "-a", "--a ", "a=b ", "'a',", "('token','", '\\"', 'token: \\"', "é", "a\\'", "value: ' value: \"",
    "Bearer ", "['pwd', [", "--token '", "a\n", "token: '", "\\u00e9", "\\u", "a\\", "\\na: ", '"token": ["',
    "://a:", "://a:b/", "://a:b/@", "@", "/:", '"name": "a b', '"name": "/pwd", ', "data:", "•data:", 'data: "x" data:',
    "data: (data:", "name: 'x', data:", "a\\u0061b", "\\u0061-a b ",
    "Bearer abcdefgh\\u0026", "\\u0026Bearer abcdefgh", "Bearer abcdefgh\\u0026a=", "Bearer abcd+Bearer\\u0026 ", "\\/", "\\u002b",
]  # fmt: skip


def grows_in_proportion(cost: Callable[[int], float], size: int) -> bool:
    """Whether 8 times the size costs about 8 times the CPU time. Quadratic time would be 64 times as much."""
    return any(cost(8 * size) < 24 * cost(size) for _ in range(3))


def seconds(secrets: Secrets, text: str) -> float:
    """The CPU time, so that a busy machine doesn't matter."""
    began = time.process_time()
    secrets.text(text)
    return time.process_time() - began


@pytest.mark.parametrize("piece", PIECES)
def test_long_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    for secrets in (DEFAULT, Secrets.of(WORDS, (), ([], {"token": piece * 8}))):
        assert grows_in_proportion(lambda size: seconds(secrets, piece * (size // len(piece))), 5_000)  # noqa: B023


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        pytest.param(lambda size: [f"aaaaaaaa{n}" for n in range(size // 12)], "a", id="the same beginning"),
        pytest.param(
            lambda size: ["a" * n for n in range(9, int((2 * size) ** 0.5))], "aaaaaaaab", id="one in another"
        ),
        pytest.param(lambda size: ["a" * (size // 3) + "b" + "a" * (size // 3)], "a", id="very long"),
        pytest.param(
            lambda size: ["a" * (size // 3) + "b" + "a" * (size // 3)], "a" * 200 + "€", id="other characters"
        ),
    ],
)
def test_secrets_that_look_alike_are_found_in_time_in_proportion_to_all_lengths(
    tokens: Callable[[int], list[str]], text: str
) -> None:
    def cost(size: int) -> float:
        return seconds(Secrets.of(WORDS, (), ([], {"tokens": tokens(size)})), text * (size // len(text)))

    assert grows_in_proportion(cost, 10_000)


@given(st.lists(st.text("ab", min_size=8, max_size=12)), st.text("ab", max_size=100))
def test_of_several_known_secrets_at_a_place_the_longest_is_found(secrets: list[str], text: str) -> None:
    expected, at = [], 0
    while at < len(text):
        length = max((len(one) for one in secrets if text.startswith(one, at)), default=0)
        expected += [(at, at + length)] if length else []
        at += length or 1
    assert Known.of(secrets).spans(text) == expected


def test_a_long_secret_is_masked_as_a_whole_where_a_short_one_covers_its_beginning() -> None:
    long = "".join(f"{n} " for n in range(LONG)).strip()
    secrets = Secrets.of(WORDS, (), ([], {"tokens": [f"x {long[:8]}", long]}))
    assert secrets.text(f"as x {long}, {long} and {long[:-1]}") == f"as {MASK}, {MASK} and {long[:-1]}"


def test_many_secrets_are_looked_for_at_once() -> None:
    """Searching each text for one secret after the other would take minutes."""
    value = {"tokens": [f"secret {n} {n}" for n in range(10_000)], "log": ["a line of the log " * 3] * 10_000}
    began = time.process_time()
    assert Secrets.of(WORDS, (), ([], value)).value(value) == {**value, "tokens": MASK}
    assert time.process_time() - began < 30


def test_no_repr_contains_values() -> None:
    """Reprs get into logs and error reports."""
    secret = '{"x": "hunter2"}'
    values = [
        a_schedule(args=secret, kwargs=secret, headers=secret),
        a_dispatch(args=[secret], kwargs={"x": secret}, options={"headers": secret}),
        an_outcome(result=secret, traceback=secret),
        a_request(args=secret, kwargs=secret),
        Secrets.of(WORDS, (), ([], {"token": "hunter2-hunter2"})),
    ]
    assert "hunter2" not in repr(values)
