"""Addresses of a run's pages in the admin, for messages."""

from urllib.parse import quote

from django.urls import NoReverseMatch, reverse

from bot.models import Run


def result(base_url: str, run: Run) -> str:
    """The results admin, searched for the task's id: the row may land later than the link. Empty if there is no address."""
    return _absolute(base_url, "admin:django_celery_results_taskresult_changelist", query=f"?q={quote(run.task_id)}")


def page(base_url: str, run: Run) -> str:
    """The run's own page in the admin."""
    return _absolute(base_url, "admin:runtask_run_change", run.pk)


def _absolute(base_url: str, view: str, *args: object, query: str = "") -> str:
    if not base_url:
        return ""
    try:
        return base_url.rstrip("/") + reverse(view, args=args) + query
    except NoReverseMatch:  # a project without this admin
        return ""
