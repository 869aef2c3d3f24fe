"""A sidecar that uses the platform's own Celery app."""

from itertools import islice
from typing import Any

import pytest
from celery import Celery

from bot.conf import Conf
from bot.doctor import workers
from tests.doctor.test_parts import subject, told


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("named", "configured", "warns"),
    [
        ("shop.celery:app", "django.conf:settings", True),
        ("shop.celery:app", "", False),
        ("bot.celery:app", "django.conf:settings", False),
    ],
    ids=["by Django's settings", "by itself", "ours"],
)
def test_doctor_warns_if_the_platforms_app_would_read_our_settings(
    settings: Any, named: str, configured: str, *, warns: bool
) -> None:
    settings.RUNTASK_SIDECAR = True
    app = Celery("shop", broker="memory://", set_as_current=False)
    if configured:
        app.config_from_object(configured, namespace="CELERY")
    first = islice(workers.workers(subject(app=app, conf=Conf(celery_app=named))), 2)
    assert ("settings" in told(first)) is warns
