"""A Celery app of its own, whose broker nobody else's pools know."""

from celery import Celery

app = Celery("far", set_as_current=False)
app.conf.update(result_backend="django-db", result_extended=True, broker_transport_options={"max_retries": 0})
