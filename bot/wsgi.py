"""The stand-alone web process: `gunicorn bot.wsgi`. Some projects import `wsgi` of every installed app; then it is empty."""

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from bot import env

if not env.is_in_a_project():
    import bot.celery  # noqa: F401  # first, so that beat's admin finds a current app to send with

    env.default_settings()
    if not env.read(env.Project, env.environ()).secret_key:
        # Otherwise the key would come from the bot's token. Without a token, each process would sign sessions with another key.
        raise ImproperlyConfigured("DJANGO_SECRET_KEY is not set")

    application = get_wsgi_application()
