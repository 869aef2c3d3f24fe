"""Projects that are set up otherwise than most: a settings module each, and one story that must come out the same.

As in many projects, the package imports the Celery app, which makes it the current one.
"""

from tests.projects.celery import app

__all__ = ["app"]
