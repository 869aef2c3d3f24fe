"""Projects with an unusual set-up: each has a settings module, and the same story must work in all of them.

As in many projects, the package imports the Celery app, which makes it the current one.
"""

from tests.projects.celery import app

__all__ = ["app"]
