"""The audit log says who has changed the rules or paused the site, and which reason somebody gave for a run."""

from pathlib import Path

import pytest
from django.core.management import call_command

from bot.core.audit import By, Who
from bot.core.entry import Entry
from bot.models import SiteState
from bot.runs import clock, rulebook
from tests.audit import records, told
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, asked, in_force, person

pytestmark = pytest.mark.django_db
ROOT = By(words="root", entry=Entry.ADMIN, who=Who(user="1", name="root"))


def test_the_record_of_an_import_names_the_rules_that_were_saved_and_deleted() -> None:
    rulebook.replace([a_rule("a"), a_rule("b")], by=ROOT)
    rulebook.replace([a_rule("b"), a_rule("c", kill=False), a_rule("d")], by=ROOT)
    rulebook.replace([a_rule("b", reason=True), a_rule("c", kill=False), a_rule("d")], by=ROOT)
    assert told() == [("rules.changed", "admin", "root")] * 3
    assert [row.details for row in records()] == [
        {"saved": ["a", "b"], "deleted": []},
        {"saved": ["c", "d"], "deleted": ["a"]},
        {"saved": ["b"], "deleted": []},
    ]


def test_an_import_that_changes_nothing_is_not_recorded_and_a_moved_rule_counts_as_saved() -> None:
    a, b, c = (a_rule(name) for name in "abc")
    rulebook.replace([a, b, c], by=ROOT)
    version = SiteState.objects.get().version
    rulebook.replace([a, b, c], by=ROOT)
    assert SiteState.objects.get().version == version
    rulebook.replace([a, c, b], by=ROOT)
    rulebook.replace([c, b], by=ROOT)
    assert SiteState.objects.get().version != version
    assert [row.details for row in records()] == [
        {"saved": ["a", "b", "c"], "deleted": []},
        {"saved": ["c", "b"], "deleted": []},
        {"saved": [], "deleted": ["a"]},
    ]
    assert rulebook.stored() == [c, b]


def test_a_pause_and_its_end_are_each_recorded_once() -> None:
    rulebook.pause("the books are closed", by=ROOT, user=None, now=clock.now())
    assert rulebook.resume(by=ROOT)
    assert not rulebook.resume(by=ROOT)
    assert told() == [("paused", "admin", "root"), ("resumed", "admin", "root")]
    assert records()[0].details == {"reason": "the books are closed"}


def test_the_records_of_commands_name_the_user_of_the_operating_system(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text("- name: one\n  tasks: ['*']\n")
    call_command("runtask_rules", "import", str(file))
    call_command("runtask_pause", "the books are closed")
    call_command("runtask_resume")
    assert [(action, entry) for action, entry, _ in told()] == [
        ("rules.changed", "command"),
        ("paused", "command"),
        ("resumed", "command"),
    ]
    assert all(row.person is not None and row.person.os_user for row in records())


def test_the_record_of_a_request_has_its_reason(door: Door) -> None:
    in_force(a_rule(reason=True))
    ben = person("ben")
    door.start(asked(ben, reason=" month's end "), ben)
    assert records(action="run.asked")[0].details["reason"] == "month's end"
