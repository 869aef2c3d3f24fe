"""A developer's computer: tasks run where they are called, so nobody needs a worker."""

from .base import *  # noqa: F403

DEBUG = True
SECRET_KEY = "insecure-key-of-a-developer"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
