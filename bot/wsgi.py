"""The web process: `gunicorn bot.wsgi`. Empty in a project that imports this module of every installed app."""

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from bot import env

if not env.is_in_a_project():
    import bot.celery  # noqa: F401  # first, so that beat's admin finds a current app to send with

    env.default_settings()
    if not env.read(env.Project, env.environ()).secret_key:
        # Otherwise each process would sign sessions with another key.
        raise ImproperlyConfigured("DJANGO_SECRET_KEY is not set")

    application = get_wsgi_application()
