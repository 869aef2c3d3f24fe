"""Settings that the unusual projects share."""

from pathlib import Path

from bot import env

FOLDER = Path(env.environ()["PROJECT_FOLDER"])


def sqlite(name: str) -> dict[str, object]:
    """SQLite as docs/deploy.md has it. Without IMMEDIATE, one of two transactions that read and then write fails at once."""
    options = {"timeout": 20, "transaction_mode": "IMMEDIATE"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / f"{name}.sqlite3", "OPTIONS": options}


SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["testserver"]
ROOT_URLCONF = "tests.projects.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_celery_results",
    "tests.projects.people",
    "bot",
]
# Only the bot's own migrations are tested here. Tables of other apps are made from their models, which is faster.
OTHERS = ("people", "admin", "auth", "contenttypes", "sessions", "django_celery_beat", "django_celery_results")
MIGRATION_MODULES = dict.fromkeys(OTHERS)
AUTH_USER_MODEL = "people.Person"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
DATABASES = {"default": sqlite("default")}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
TIME_ZONE = "UTC"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

RUNTASK = {"METRICS_TOKEN": "only-for-prometheus"}
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.02}  # seconds; the default is 1
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_TASK_TRACK_STARTED = True
CELERY_IMPORTS = ["tests.wire.tasks"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
