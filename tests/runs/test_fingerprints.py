"""The fingerprints that forms carry are sealed, because masked values are among the values that they are made of."""

import contextlib
from dataclasses import replace

import pytest

from bot.core.model import RunId
from bot.runs import again, basis
from bot.runs.refusals import Changed
from tests.runs.conftest import Door


@pytest.mark.parametrize("is_of_a_run", [False, True])
def test_a_form_works_while_its_key_is_accepted(door: Door, *, is_of_a_run: bool) -> None:
    run = door.start()
    actor, keys = door.actor, door.form_keys
    for key, form_keys, changed in [("a", keys, False), ("b", ("new", *keys), False), ("c", ("new",), True)]:
        door.form_keys = keys
        preview, fill = again.preview(door.admitted(actor), RunId(run.pk))
        mark = fill.again.fingerprint if is_of_a_run and fill.again else preview.fingerprint
        door.form_keys = form_keys
        request = replace(door.request, key=key, fingerprint=mark, again=RunId(run.pk) if is_of_a_run else None)
        with pytest.raises(Changed) if changed else contextlib.nullcontext():
            door.start(request)


def test_what_a_form_carries_does_not_show_which_values_are_masked(door: Door) -> None:
    """Otherwise, anybody could try values until their digest equals that of the form."""
    run = door.start()
    preview, fill = again.preview(door.admitted(), RunId(run.pk))
    assert fill.again is not None
    plain = {preview.schedule.fingerprint, basis.of_run(door.platform, preview.schedule, run, door.actor).fingerprint}
    door.form_keys = ("new",)
    other, refill = again.preview(door.admitted(), RunId(run.pk))
    assert refill.again is not None
    marks = {preview.fingerprint, fill.again.fingerprint, other.fingerprint, refill.again.fingerprint}
    assert len(marks) == 4
    assert not marks & plain
    assert not any(fingerprint in repr((preview, fill)) for fingerprint in plain)
