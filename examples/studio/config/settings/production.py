"""The server: everything that is secret or differs from server to server comes from its environment."""

import os

from .base import *  # noqa: F403
from .base import DATABASES, REDIS_URL

SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
ADMIN_URL = os.environ["DJANGO_ADMIN_URL"]
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "studio.example.com").split(",")

DATABASES["default"]["CONN_MAX_AGE"] = 60
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# "false" only where nothing but this machine reaches the site.
HTTPS = os.environ.get("DJANGO_HTTPS", "true") == "true"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(asctime)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"level": "INFO", "handlers": ["console"]},
}
