"""The validation has an answer to every payload. It never raises."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localslack.shape import echoed_blocks
from localslack.state import carried_over
from localslack.validation.surfaces import (
    message_problems,
    options_problems,
    submission_problems,
    view_problems,
)
from localslack_tests.test_validation import BAD, GOOD
from localslack_tests.views import modal, option

Json = dict[str, Any]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=3)
    | st.sampled_from(["plain_text", "section", "button"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)
VIEWS = [*GOOD.values(), *(view for view, _ in BAD.values())]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a payload, with each of its keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from places(inner)


@settings(max_examples=400)
@given(data=st.data())
def test_a_view_with_any_value_anywhere_gets_an_answer(data: st.DataObject) -> None:
    view = copy.deepcopy(data.draw(st.sampled_from(VIEWS)))
    holder, key = data.draw(st.sampled_from(list(places(view))[:200]))
    holder[key] = data.draw(ANYTHING)
    if not view_problems(view):
        blocks = echoed_blocks(view["blocks"])  # blocks that pass can be shown
        assert set(carried_over(blocks, {})) <= {block.get("block_id") for block in blocks}


@settings(max_examples=200)
@given(anything=ANYTHING)
def test_a_value_that_is_no_view_is_refused(anything: Any) -> None:
    assert view_problems(anything)
    assert options_problems(anything)
    assert submission_problems(anything, modal())
    assert bool(message_problems(anything)) == (anything != [])


@settings(max_examples=100)
@given(data=st.data())
def test_options_with_any_value_anywhere_get_an_answer(data: st.DataObject) -> None:
    answer: Json = {"option_groups": [{"label": {"type": "plain_text", "text": "g"}, "options": [option("a")]}]}
    holder, key = data.draw(st.sampled_from(list(places(answer))))
    holder[key] = data.draw(ANYTHING)
    assert isinstance(options_problems(answer).lines(), list)
