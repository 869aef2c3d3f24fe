"""Rules and the pause in the admin. They are for superusers only, and the form is as strict as a file of rules."""

from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from bot.core.entry import Entry
from bot.core.rules import Notify
from bot.models import StoredRule
from bot.runs import rulebook
from bot.web import visible
from tests.audit import records, told
from tests.factories import a_row, a_run
from tests.runs.ruled import a_rule, in_force
from tests.web.site import words

pytestmark = pytest.mark.django_db
RULES = "/admin/runtask/storedrule/"
FULL = a_rule(
    "Everything",
    tasks=("billing.*",),
    schedules=("Invoice*",),
    see=("finance",),
    run=("finance",),
    stop=("finance",),
    entries=(Entry.SLACK, Entry.WEB),
    channels=("C1",),
    arguments={"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]},
    approvals=1,
    approvers=("finance",),
    ask=("S1",),
    approval_hours=0.5,
    reason=True,
    one_at_a_time=True,
    kill=False,
    closed=("Fri 16:00-Mon 06:00 Europe/Berlin",),
    notify=Notify.FAILURE,
    mention=("S1", "U1"),
)


@pytest.fixture
def site(client: Client) -> Client:
    Group.objects.create(name="finance")
    client.force_login(User.objects.create_superuser("root"))
    return client


def form_of(site: Client, address: str) -> dict[str, Any]:
    """Returns the fields that a browser would send from an unchanged form."""
    form: Any = site.get(address).context["adminform"].form
    found = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: value for name, value in found.items() if value not in (None, False)}


def test_a_rule_is_saved_as_it_was_shown(site: Client) -> None:
    in_force(FULL)
    address = f"{RULES}{StoredRule.objects.get().pk}/change/"
    assert site.post(address, form_of(site, address)).status_code == 302
    assert rulebook.stored() == [FULL]
    assert told(entry="admin") == [("rules.changed", "admin", "root")]
    assert records(entry="admin")[0].details == {"saved": ["Everything"], "deleted": []}


def test_a_rule_is_added_after_the_others_and_a_glob_that_matches_nothing_is_named(site: Client) -> None:
    in_force(a_rule("first"))
    form = {**form_of(site, f"{RULES}add/"), "name": "second", "tasks": "billing.*\n\n reports.* \n", "see": "finance"}
    page = site.post(f"{RULES}add/", form, follow=True).content.decode()
    assert rulebook.stored()[1] == a_rule("second", tasks=("billing.*", "reports.*"), see=("finance",))
    assert "No schedule matches billing.* of the rule “second”." in page


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("tasks", "", "without them it matches nothing"),
        ("see", "strangers", "There is no group strangers"),
        ("closed", "weekends", "weekends is not a window"),
        ("arguments", "{", "A key in double quotes is missing here"),
        ("arguments", '{"properties": {"days": {"maximum": 31}}}', "days needs a type"),
        ("channels", "#ops", "#ops is not a channel"),
        ("approval_hours", "-1", "above 0"),
        ("name", "FIRST", "another rule of this name"),
    ],
)
def test_a_form_of_a_rule_is_as_strict_as_a_file(site: Client, field: str, value: str, told: str) -> None:
    in_force(a_rule("first"))
    form = {**form_of(site, f"{RULES}add/"), "name": "second", "tasks": "*", field: value}
    answer = site.post(f"{RULES}add/", form)
    assert answer.status_code == 200
    assert told in unescape(answer.content.decode())
    assert [rule.name for rule in rulebook.stored()] == ["first"]


def test_a_rule_of_a_later_version_can_be_deleted_but_not_changed(site: Client) -> None:
    row = StoredRule(name="later", body='{"tasks": ["*"], "colour": "red"}')
    row.save()
    address = f"{RULES}{row.pk}/change/"
    answer = site.post(address, form_of(site, address))
    assert "doesn&#x27;t know all of this rule" in answer.content.decode()
    assert "colour" in StoredRule.objects.get().body
    site.post(f"{RULES}{row.pk}/delete/", {"post": "yes"})
    assert rulebook.stored() == []


def test_staff_with_every_permission_see_no_rules(site: Client, client: Client) -> None:
    in_force(FULL)
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)
    row = StoredRule.objects.get().pk
    for address in (RULES, f"{RULES}add/", f"{RULES}{row}/change/", f"{RULES}explain/", f"{RULES}pause/"):
        assert client.get(address).status_code == 403
    assert client.post(f"{RULES}pause/", {"reason": "x"}).status_code == 403
    assert rulebook.in_force().paused is None
    assert "storedrule" not in client.get("/admin/").content.decode()


def test_the_admin_explains_what_somebody_may_do_and_why(site: Client) -> None:
    a_row("Invoices", task="billing.send")
    in_force(a_rule("Finance", tasks=("billing.*",), see=("finance",)))
    User.objects.create_user("ben", is_staff=True)
    said = words(site.get(f"{RULES}explain/", {"user": "ben", "schedule": "Invoices"}).content.decode())
    assert "Rules that match it: “Finance”." in said
    assert "See it: no. The rule “Finance” shows it to members of finance only." in said
    root = words(site.get(f"{RULES}explain/", {"user": "root", "schedule": "Invoices"}).content.decode())
    assert "Run it by the API: yes." in root
    in_force(a_rule("Ops", tasks=("billing.*",), run=("ops",)))
    told = words(site.get(f"{RULES}explain/", {"user": "ben", "schedule": "Invoices"}).content.decode())
    assert "Run it on the site: no. The rule “Ops” is for members of ops." in told
    User.objects.filter(username="ben").update(is_staff=False)
    told = words(site.get(f"{RULES}explain/", {"user": "ben", "schedule": "Invoices"}).content.decode())
    assert told.count("their account on the site isn't a staff account") == 1
    assert "Your account" not in told
    for asked, sentence in (
        ({"user": "x", "schedule": "Invoices"}, "no user x"),
        ({"user": "ben", "schedule": "y"}, "no schedule y"),
    ):
        assert sentence in words(site.get(f"{RULES}explain/", asked).content.decode())


def test_the_admin_pauses_and_resumes_the_site(site: Client) -> None:
    assert "Say why" in words(site.post(f"{RULES}pause/", {"reason": " "}).content.decode())
    site.post(f"{RULES}pause/", {"reason": "month's end"})
    assert rulebook.in_force().paused == "month's end"
    listed = words(site.get(RULES).content.decode(), "container")
    assert "The site is paused (“month's end”)" in listed
    assert "Resume…" in listed
    assert "Paused since" in words(site.get(f"{RULES}pause/").content.decode())
    site.post(f"{RULES}pause/", {"resume": "Resume"})
    assert rulebook.in_force().paused is None
    assert "paused" not in words(site.get(RULES).content.decode(), "container")


def test_the_list_of_runs_shows_only_runs_that_the_reader_may_see(
    site: Client, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_run", "view_notice"]))
    shown, hidden = a_row("Shown", task="a"), a_row("Hidden", task="b")
    in_force(a_rule("Finance", tasks=("b",), see=("finance",)))
    runs = [a_run(schedule_id=row.pk, schedule_name=row.name) for row in (shown, hidden)]
    gone, own = (
        a_run(schedule_id=10**6, schedule_name=name, user=user) for name, user in (("Gone", None), ("Own", viewer))
    )
    mine = a_run(schedule_id=hidden.pk, schedule_name="Mine", user=viewer)
    lost = a_run(schedule_id=10**6, schedule_name="Lost", task="b", user=viewer)

    def listed() -> set[str]:
        return {run.schedule_name for run in client.get("/admin/runtask/run/").context["cl"].queryset}

    assert listed() == {"Shown", "Hidden", "Gone", "Own", "Mine", "Lost"}  # a superuser sees all of them
    client.force_login(viewer)
    assert listed() == {"Shown", "Own"}
    for run in (runs[1], gone, mine, lost):
        assert client.get(f"/admin/runtask/run/{run.pk}/change/").status_code == 302
    assert client.get(f"/admin/runtask/run/{own.pk}/change/").status_code == 200
    monkeypatch.setattr(visible, "OWN", 2)
    assert listed() == {"Shown"}, "of their own runs, only the newest are looked at"
    in_force()
    assert listed() == {"Shown", "Hidden", "Own", "Mine", "Lost"}
