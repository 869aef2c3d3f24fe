"""The web process: `gunicorn bot.wsgi`."""

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

import bot.celery  # noqa: F401  # before Django asks for one: beat's admin sends with the app that is current in its thread
from bot import env

env.default_settings()
if not env.read(env.Project, env.environ()).secret_key:
    # Each process would sign sessions with a key of its own.
    raise ImproperlyConfigured("DJANGO_SECRET_KEY is not set")

application = get_wsgi_application()
