"""The web process: `gunicorn bot.wsgi`."""

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

import bot.celery  # noqa: F401  # first, so that beat's admin finds a current app to send with
from bot import env

env.default_settings()
if not env.read(env.Project, env.environ()).secret_key:
    # Otherwise each process would sign sessions with another key.
    raise ImproperlyConfigured("DJANGO_SECRET_KEY is not set")

application = get_wsgi_application()
