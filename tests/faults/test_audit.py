"""The audit finds each kind of broken promise."""

from dataclasses import replace
from typing import Any

from tests.faults.audit import Post, Record, Run, Seen, audit, publications
from tests.faults.people import Approval, Stop, Submission, Told

Json = dict[str, Any]
RUN = Run(
    pk=1,
    key="slack:T1/A1:V1",
    task_id="t1",
    state="finished",
    channel="C1",
    redirected_from="",
    slack_user="U1",
    installation="T1/A1",
    result="SUCCESS",
)
ROOT = Post(run=1, kind="root", channel="C1", app="A1", ts="1.0", thread_ts="1.0", text="")
ID = replace(ROOT, kind="id", ts="2.0")
FINAL = replace(ROOT, kind="final", ts="3.0", text="SUCCESS")
FORM = Submission(mark="m", user="U1", channel="C1", view="V1", told=Told.ACCEPTED)
RECEIVED = {"event": "received", "task": "t1", "tag": "a", "redelivered": False}
ASKED = Record(run=1, action="run.asked", task_id="t1")
SENT, NOT_SENT = replace(ASKED, action="run.sent"), replace(ASKED, action="run.not_sent")
ENDED = replace(ASKED, action="run.ended", state="finished")
LOG = [ASKED, SENT, ENDED]
GOOD = Seen(submissions=[FORM], runs=[RUN], posts=[ROOT, ID, FINAL], journal=[RECEIVED], records=LOG)


def broken(**changes: Any) -> list[str]:
    """The promises that break with these changes to GOOD. By default, the audit log fits the runs' rows."""
    logged = [record for run in changes.get("runs", [RUN]) for record in log_of(run)]
    return [sentence.partition(":")[0] for sentence in audit(replace(GOOD, **{"records": logged, **changes})).broken()]


def log_of(run: Run) -> list[Record]:
    if run.state == "not_sent":
        return [ASKED, NOT_SENT]
    return [ASKED, SENT, *([ENDED] if run.state == "finished" else [])]


def test_good_facts_break_no_promise() -> None:
    assert broken() == []
    assert audit(GOOD).ends == {"m": 3.0}


def test_a_missing_message_is_found() -> None:
    assert broken(posts=[ROOT, ID]) == ["lost"]
    assert broken(posts=[ROOT, FINAL]) == ["lost"]
    assert broken(posts=[]) == ["lost"]


def test_a_deadline_is_an_end_only_while_there_is_no_result() -> None:
    deadline = replace(FINAL, kind="deadline")
    assert broken(posts=[ROOT, ID, deadline]) == ["lost"]
    assert broken(posts=[ROOT, ID, deadline], runs=[replace(RUN, result="", state="overdue")]) == []


def test_a_form_that_was_accepted_must_have_a_run() -> None:
    assert broken(runs=[], posts=[], journal=[]) == ["lost"]
    assert broken(runs=[replace(RUN, state="not_sent", is_sent=False)], posts=[], journal=[]) == ["lost"]


def test_a_repeated_message_is_found() -> None:
    assert broken(posts=[ROOT, ID, FINAL, replace(FINAL, ts="4.0")]) == ["doubled"]


def test_a_message_of_another_app_is_found() -> None:
    assert broken(posts=[ROOT, ID, replace(FINAL, app="A2")]) == ["a surprise"]


def test_a_wrong_order_and_a_wrong_place_are_found() -> None:
    assert broken(posts=[ROOT, replace(ID, ts="4.0"), FINAL]) == ["out of order"]
    assert broken(posts=[ROOT, ID, replace(FINAL, thread_ts="9.0")]) == ["out of order"]
    assert broken(submissions=[replace(FORM, channel="C2")]) == ["out of order"]


def test_a_second_end_comes_after_the_first() -> None:
    again = replace(FINAL, kind="again", ts="4.0")
    assert broken(posts=[ROOT, ID, FINAL, again]) == []
    assert broken(posts=[ROOT, ID, replace(again, ts="2.5"), FINAL]) == ["out of order"]


def test_the_last_word_is_the_last_result() -> None:
    revoked = replace(FINAL, text="REVOKED")
    again = replace(FINAL, kind="again", ts="4.0")
    assert broken(posts=[ROOT, ID, revoked]) == ["a surprise"]
    assert broken(posts=[ROOT, ID, revoked, again]) == []


def test_a_withdrawn_run_was_stopped_by_somebody_and_never_executed() -> None:
    withdrawn = [ASKED, SENT, replace(ASKED, action="run.withdrawn")]
    good: Json = {
        "runs": [replace(RUN, state="withdrawn", result="")],
        "posts": [ROOT, replace(FINAL, kind="closed")],
        "stops": [Stop(run=1, user="U2")],
        "records": withdrawn,
    }
    closed = good["posts"][1]
    assert broken(**good) == []
    assert broken(**good | {"posts": [ROOT, ID, closed]}) == []
    assert broken(**good | {"stops": []}) == ["a surprise"]
    assert broken(**good | {"posts": [ROOT]}) == ["lost"]
    assert broken(**good | {"posts": [ROOT, closed, replace(closed, ts="4.0")]}) == ["doubled"]
    assert broken(**good, journal=[{"event": "began", "task": "t1", "mark": "m"}]) == ["a surprise"]


def test_a_run_that_needs_approval_is_sent_only_after_another_persons_approval() -> None:
    approval = Approval(run=1, user="U2")
    asked = replace(ASKED, task_id="t0")
    good: Json = {
        "runs": [replace(RUN, needs_approval=True, slack_user="U1")],
        "records": [asked, replace(ASKED, action="run.approved"), SENT, ENDED],
        "approvals": [approval],
    }
    assert broken(**good) == []
    assert broken(**good | {"approvals": []}) == ["a surprise"]
    assert broken(**good | {"approvals": [replace(approval, user="U1")]}) == ["a surprise"]
    failed = [replace(ASKED, action=action, task_id="t9") for action in ("run.approved", "run.not_sent")]
    assert broken(**good | {"records": [*good["records"], *failed]}) == []


def test_a_run_that_waits_has_its_first_message_and_is_not_published() -> None:
    waits: Json = {
        "runs": [replace(RUN, state="waiting", result="", is_sent=False, needs_approval=True)],
        "records": [ASKED],
    }
    assert broken(**waits, posts=[ROOT], journal=[]) == []
    assert broken(**waits, posts=[ROOT, ID], journal=[]) == ["lost"]
    assert broken(**waits, posts=[], journal=[]) == ["lost"]
    assert broken(**waits, posts=[ROOT]) == ["a surprise", "a surprise"]


def test_home_shows_the_last_runs_of_its_reader() -> None:
    assert broken(homes={"U1": [1], "U2": []}) == []
    assert broken(homes={"U1": []}) == ["a surprise"]
    assert broken(homes={"U2": [1]}) == ["a surprise"]


def test_after_the_answer_nothing_was_sent_no_message_may_exist() -> None:
    told = [replace(FORM, told=Told.NOTHING)]
    not_sent = [replace(RUN, state="not_sent", result="", is_sent=False)]
    assert broken(submissions=told) == ["a surprise"]
    assert broken(submissions=told, runs=not_sent, posts=[]) == ["a surprise"]
    assert broken(submissions=told, runs=not_sent, posts=[], journal=[]) == []
    assert broken(journal=[RECEIVED, {**RECEIVED, "task": "t2"}]) == ["a surprise"]


def test_redelivered_messages_do_not_count_as_published() -> None:
    again = {**RECEIVED, "redelivered": True}
    embedded = {**RECEIVED, "tag": "celery.q/1.msg"}
    assert publications([RECEIVED, again])["t1"] == 1
    assert publications([RECEIVED, {**RECEIVED, "tag": "b"}])["t1"] == 2
    assert publications([RECEIVED, RECEIVED])["t1"] == 2
    assert publications([embedded, embedded])["t1"] == 1
    assert publications([embedded, {**embedded, "tag": "celery.q/1.again.msg"}])["t1"] == 1
    assert broken(journal=[RECEIVED, {**RECEIVED, "tag": "b"}]) == ["published twice"]


def test_the_audit_log_has_each_record_once() -> None:
    other, again = replace(ASKED, task_id="t0"), replace(ENDED, is_again=True)
    for records in ([], [ASKED, SENT], [ASKED, ENDED], [*LOG, SENT], [*LOG, ENDED], [*LOG, NOT_SENT], [*LOG, other]):
        assert set(broken(records=records)) == {"misrecorded"}
    assert broken(records=[*LOG, again]) == []
    assert broken(records=[other, replace(NOT_SENT, task_id="t0"), *LOG]) == []
    assert broken(records=[ASKED, ENDED], runs=[replace(RUN, is_sent=False)]) == []
