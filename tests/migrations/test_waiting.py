"""If a site is updated while messages wait for other messages, they still wait for the same ones."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.migrations.conftest import Django

BEFORE = "0009_sources"
RUN = """
INSERT INTO runtask_run (id, key, task_id, state, schedule_id, schedule_name, task, args, kwargs, changes, options, target,
  digest, team, slack_user, channel, redirected_from, redirected_because, thread, created_at, not_sent_because, deadline_at,
  source, status, seen, result, result_length, traceback, worker, unseen_because, later_ends)
VALUES ({id}, 'k{id}', 't{id}', 'sent', 1, 'n', 't', '[]', '{{}}', '[]', '{{}}', '{{}}',
  '', 'T1', 'U1', 'C1', '', '', '', '2026-11-01', '', '2026-11-01',
  'rows', '', '', '', 0, '', '', '', '[]');
"""
NOTICE = """
INSERT INTO runtask_notice (run_id, kind, rank, state, version, due_at, attempts, claim, channel, ts, problem)
VALUES ({run}, '{kind}', {rank}, '{state}', 0, '2026-11-01', 0, '', '', '', '');
"""
READ = """
from bot.models import Notice
print(*Notice.objects.order_by("run", "rank").values_list("run", "kind", "state"))
"""


def test_each_message_waits_for_the_same_message_after_an_update(django: Django, tmp_path: Path) -> None:
    waiting = [(1, "root", 0, "owed"), (1, "id", 1, "owed"), (2, "root", 0, "sent"), (2, "id", 1, "owed")]
    waiting += [(2, "progress", 1, "owed"), (2, "final", 3, "owed")]
    notices = [NOTICE.format(run=run, kind=kind, rank=rank, state=state) for run, kind, rank, state in waiting]
    django("migrate", "runtask", BEFORE)
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        database.executescript("".join([RUN.format(id=1), RUN.format(id=2), *notices]))
    django("migrate", "runtask")
    assert django("shell", "-c", READ).splitlines()[-1] == (
        "(1, 'root', 'owed') (1, 'id', 'behind') (2, 'root', 'sent') (2, 'id', 'owed') (2, 'progress', 'owed')"
        " (2, 'final', 'behind')"
    )
