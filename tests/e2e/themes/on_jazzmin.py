"""The stand-alone project with django-jazzmin, which needs inline scripts."""

from bot.settings import *  # noqa: F403

INSTALLED_APPS = ["jazzmin", *INSTALLED_APPS]  # noqa: F405
JAZZMIN_UI_TWEAKS = {"default_theme_mode": "auto"}  # dark where the browser is
SECURE_CSP = {}
