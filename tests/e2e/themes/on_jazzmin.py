"""The stand-alone project with django-jazzmin, which needs inline scripts."""

from bot.settings import *  # noqa: F403

INSTALLED_APPS = ["jazzmin", *INSTALLED_APPS]  # noqa: F405
JAZZMIN_UI_TWEAKS = {"default_theme_mode": "auto"}  # dark if the browser asks for that
SECURE_CSP = {}
