"""The stand-alone project with django-unfold, which needs inline scripts."""

from bot.settings import *  # noqa: F403

INSTALLED_APPS = ["unfold", *INSTALLED_APPS]  # noqa: F405
SECURE_CSP = {}
