"""A Celery app with a broker of its own, so that it shares no pool of connections with other apps."""

from celery import Celery

app = Celery("far", set_as_current=False)
app.conf.update(result_backend="django-db", result_extended=True, broker_transport_options={"max_retries": 0})
