"""Tokens and links of the previous version go on working, also for processes of that version."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.migrations.conftest import Django

BEFORE = "0010_installations"
TOKEN = """
INSERT INTO runtask_apitoken (id, user_id, name, digest, created_at, used_on)
VALUES (1, 1, 'CI', 'd1', '2026-11-01', '2026-11-05'), (2, 1, 'idle', 'd2', '2026-11-01', NULL);
"""
LINK = """
INSERT INTO runtask_slacklink (team, slack_user, user_id, created_at, home, is_guest, is_bot, is_deleted, is_stranger)
VALUES ('T1', '{account}', 1, '2026-11-01', '', 0, 0, 0, 0);
"""
OLD_PROCESS = (
    LINK.format(account="U0NEW") + "UPDATE runtask_apitoken SET used_on = '2026-11-06' WHERE used_on < '2026-11-06';"
)
READ = """
from datetime import timedelta
from django.utils import timezone
from bot.models import ApiToken, SlackLink
for token in ApiToken.objects.order_by("pk"):
    print(token.used_at, round((token.expires_at - timezone.now()) / timedelta(days=1)), repr(token.password_mark))
print(*SlackLink.objects.order_by("slack_user").values_list("slack_user", "by_email"))
"""

GIVE = """
from django.contrib.auth.models import Group, Permission
group = Group.objects.create(name="runners")
group.permissions.set(Permission.objects.filter(content_type__model="periodictask"))
print(*sorted(group.permissions.values_list("codename", flat=True)))
"""
LEFT = """
from django.contrib.auth.models import Group
print(*sorted(Group.objects.get(name="runners").permissions.values_list("codename", flat=True)))
"""
BEATS = "add_periodictask change_periodictask delete_periodictask view_periodictask"


@pytest.mark.nightly  # e2e/test_studio.py looks for them, too
def test_our_permissions_go_with_our_tables(django: Django) -> None:
    django("migrate")
    assert "run_periodictask stop_periodictask" in django("shell", "-c", GIVE)
    django("migrate", "runtask", "zero")
    assert django("shell", "-c", LEFT).splitlines()[-1] == BEATS


def test_tokens_and_links_of_the_previous_version_go_on_working(django: Django, tmp_path: Path) -> None:
    django("migrate", "runtask", BEFORE)
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        database.executescript(TOKEN + LINK.format(account="U0OLD"))
        django("migrate", "runtask")
        database.executescript(OLD_PROCESS)
    assert django("shell", "-c", READ).splitlines()[-3:] == [
        "2026-11-05 00:00:00+00:00 365 ''",
        "None 365 ''",
        "('U0NEW', None) ('U0OLD', False)",
    ]
