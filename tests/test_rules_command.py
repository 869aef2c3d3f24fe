"""`runtask rules`, `pause` and `resume`."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from bot.core import rulefile
from bot.runs import rulebook
from tests.factories import a_row
from tests.runs.ruled import a_rule, in_force

pytestmark = pytest.mark.django_db
BILLING = """\
- name: Billing is for finance
  tasks: ["billing.*"]
  see: [finance, support]
  run: [finance]
  closed: ["00:00-24:00 UTC"]
"""


def run(command: str, *words: str) -> tuple[str, str]:
    """Runs a command, and returns its output and its warnings."""
    out, err = StringIO(), StringIO()
    call_command(f"runtask_{command}", *words, stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name in ("finance", "support"):
        Group.objects.create(name=name)
    file = tmp_path / "rules.yml"
    file.write_text(BILLING)
    return file


def test_an_import_shows_the_difference_and_replaces_all_rules(file: Path) -> None:
    a_row("Invoices", task="billing.send")
    in_force(a_rule("An old one"))
    said, warned = run("rules", "import", str(file))
    assert "-- name: An old one" in said
    assert "+- name: Billing is for finance" in said
    assert "In force: 1 rule." in said
    assert warned == ""
    assert rulebook.stored() == list(rulefile.read(BILLING))
    assert "The rules are the same as before." in run("rules", "import", str(file))[0]


def test_exported_rules_are_imported_unchanged(file: Path, tmp_path: Path) -> None:
    run("rules", "import", str(file))
    before, (text, _) = rulebook.stored(), run("rules", "export")
    assert rulefile.read(text) == tuple(before)
    other = tmp_path / "other.yml"
    assert f"Written to {other}" in run("rules", "export", str(other))[0]
    assert other.read_text() == text
    in_force()
    run("rules", "import", str(other))
    assert rulebook.stored() == before


def test_each_mistake_is_named_with_its_place_and_nothing_is_changed(file: Path) -> None:
    in_force(a_rule("stays"))
    file.write_text("- name: a\n  tasks: [x]\n  see: [strangers]\n- tasks: [y]\n  notify: loudly\n")
    for action in ("check", "import"):
        with pytest.raises(CommandError) as caught:
            run("rules", action, str(file))
        told = str(caught.value)
        assert "Line 3, column 9: There is no group strangers on this site." in told
        assert "Line 4, column 3: A rule needs a name" in told
        assert "Line 5, column 11: This must be one of: never, failure, always." in told
    assert [rule.name for rule in rulebook.stored()] == ["stays"]


def test_an_empty_list_of_rules_needs_the_option_empty(file: Path) -> None:
    in_force(a_rule("stays"))
    file.write_text("[]")
    with pytest.raises(CommandError, match="--empty"):
        run("rules", "import", str(file))
    assert len(rulebook.stored()) == 1
    run("rules", "import", str(file), "--empty")
    assert rulebook.stored() == []
    assert run("rules", "export")[0] == "[]\n"


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        run("rules", "check", str(tmp_path / "none.yml"))


def test_globs_that_match_nothing_are_named(file: Path) -> None:
    said, warned = run("rules", "check", str(file))
    assert said == f"{file} is good: 1 rule.\n"
    assert warned == "No schedule matches billing.* of the rule “Billing is for finance”.\n"


def test_explain_shows_what_somebody_may_do_before_an_import(file: Path) -> None:
    row = a_row("Invoices", task="billing.send")
    a_row("Other", task="other")
    for name, groups in (("ana", ["finance"]), ("ben", ["support"]), ("cara", [])):
        user: Any = User.objects.create_user(name, is_staff=True)
        user.groups.set(Group.objects.filter(name__in=groups))

    def told(user: str, schedule: str) -> str:
        return run("rules", "check", str(file), "--explain", user, schedule)[0]

    assert "Run it on the site: no. It can't be run before" in told("ana", "Invoices")
    assert "Run it by the API: no. The rule “Billing is for finance” is for members of finance." in told(
        "ben", str(row.pk)
    )
    assert "See it: no. The rule “Billing is for finance” shows it to members of finance, support only." in told(
        "cara", "Invoices"
    )
    assert told("cara", "Other").splitlines() == [
        "No rule matches it.",
        "See it: yes.",
        "Run it from Slack: yes.",
        "Run it on the site: yes.",
        "Run it by the API: yes.",
        "Stop its runs: yes.",
    ]
    with pytest.raises(CommandError, match="no schedule"):
        told("ana", "None")
    with pytest.raises(CommandError, match="no user"):
        told("nobody", "Other")


def test_explain_says_under_which_conditions_the_answer_is_yes(file: Path) -> None:
    a_row("Invoices", task="billing.send")
    for name, groups in (("ana", ["finance"]), ("ben", ["support"])):
        User.objects.create_user(name, is_staff=True).groups.set(Group.objects.filter(name__in=groups))
    day = f"{timezone.now() + timedelta(days=2):%a}"
    window = f"{day} 00:00-{day} 00:01 UTC"
    file.write_text(
        "- {name: Four eyes, tasks: [billing.*], channels: [C1, C2], approvals: 1, approvers: [finance]}\n"
        "- {name: Slow, tasks: [billing.*], channels: [C2], reason: true, one_at_a_time: true,\n"
        "   arguments: {required: [days], properties: {days: {type: integer}}},\n"
        f"   closed: [{window}]}}\n"
    )
    for_slack = (
        "The rule “Four eyes” allows these channels only: C1, C2. The rule “Slow” allows these channels only: C2."
    )
    for_all_entries = (
        "The rule “Four eyes” asks for the yes of another person, a member of finance. Nothing is sent before that."
        " The rule “Slow” limits the arguments. The rule “Slow” asks for a reason."
        f" The rule “Slow” allows one run at a time. The rule “Slow” closes it at these times: {window}."
    )
    assert run("rules", "check", str(file), "--explain", "ana", "Invoices")[0].splitlines() == [
        "Rules that match it: “Four eyes”, “Slow”.",
        "See it: yes.",
        f"Run it from Slack: yes. {for_slack} {for_all_entries}",
        f"Run it on the site: yes. {for_all_entries}",
        f"Run it by the API: yes. {for_all_entries}",
        "Stop its runs: yes.",
        "Approve other people's runs of it: yes.",
    ]
    ben = run("rules", "check", str(file), "--explain", "ben", "Invoices")[0].splitlines()
    assert ben[-1] == "Approve other people's runs of it: no. The rule “Four eyes” leaves that to other people."


def test_the_commands_pause_and_resume_the_site() -> None:
    assert "There was no pause" in run("resume")[0]
    assert "Paused" in run("pause", "month's\nend")[0]
    assert rulebook.in_force().paused == "month's end"
    assert "Resumed" in run("resume")[0]
    assert rulebook.in_force().paused is None
    for reason in ("", " ", "x" * 301):
        with pytest.raises(CommandError, match="1 to 300"):
            run("pause", reason)
