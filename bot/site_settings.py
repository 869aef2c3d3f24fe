"""Settings of the stand-alone project, read from the environment (bot.env, bot.conf). bot.settings imports all of them."""

from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import get_random_string, salted_hmac

from bot import env
from bot.broker import embedded
from bot.compat import CSP_MIDDLEWARE, sqlite_options
from bot.conf import LOG_LINE, PLATFORM, Conf
from bot.core import private

try:
    import dj_database_url
except ImportError as exc:
    raise ImproperlyConfigured(
        f"The stand-alone project needs {exc.name}. Install the extra: pip install './django_runtask-….whl[standalone]'."
        " In a project of your own, set DJANGO_SETTINGS_MODULE, or use its manage.py."
    ) from exc

_problems: list[str] = []
_project = env.read(env.Project, env.environ(), _problems)
_bot = env.read(Conf, env.environ(), _problems)
if _project.platform_url and not _project.sidecar:
    _problems.append("PLATFORM_DATABASE_URL is only for a sidecar: set RUNTASK_SIDECAR=1, too")
if _problems:
    raise ImproperlyConfigured(str(env.BadEnvironment(_problems)))

_data = Path(_project.data).absolute()
_site = urlsplit(_bot.base_url)
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]

DEBUG = _project.debug
# The web process doesn't start without a key (bot.wsgi), but commands do: their key is then made from the bot's token. The key
# signs forms that are open in Slack, and these must survive a restart of `runtask slack`.
_seed = _bot.bot_token or get_random_string(50)
SECRET_KEY = _project.secret_key or salted_hmac("runtask.settings", "SECRET_KEY", secret=_seed).hexdigest()
SECRET_KEY_FALLBACKS = list(_project.secret_key_fallbacks)
ALLOWED_HOSTS = [*(_project.allowed_hosts or filter(None, [_site.hostname])), *LOOPBACK]
ROOT_URLCONF = "bot.site_urls"
WSGI_APPLICATION = "bot.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_celery_results",
    "bot",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    CSP_MIDDLEWARE,
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

SQLITE = "django.db.backends.sqlite3"
# Options by engine. Those in the address (`?sslmode=require`) override these. The time-outs keep our threads from hanging on a
# server that doesn't answer. All are options of the client, so that connection poolers accept them.
DATABASE_OPTIONS: dict[str, dict[str, Any]] = {
    # WAL needs IMMEDIATE: otherwise a transaction that reads and then writes may fail at once (sqlite.org/wal.html).
    SQLITE: sqlite_options(
        {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            # The page cache of each connection, and so of each thread, has 256 KB instead of 2 MB. A larger one is of little
            # use: SQLite empties it whenever another connection has written, and the operating system caches the file, too.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000; "
            "PRAGMA cache_size=-256;",
        }
    ),
    "django.db.backends.postgresql": {
        "connect_timeout": 3,  # seconds
        "tcp_user_timeout": 15_000,  # milliseconds without a confirmation
        # Seconds. While we wait for an answer, only keepalive probes are sent. By default, the first one comes after two hours.
        "keepalives_idle": 5,
        "keepalives_interval": 5,
    },
    # Seconds. `read_timeout` also limits each statement, even a migration's on a table with millions of rows.
    "django.db.backends.mysql": {"connect_timeout": 3, "read_timeout": 60, "write_timeout": 15},
}
if not _project.database_url:
    try:
        private.make_folder(_data)
    except OSError as exc:
        raise ImproperlyConfigured(f"RUNTASK_DATA: the folder {_data} can't be created ({exc.strerror})") from exc


def _database(address: str) -> dict[str, Any]:
    found: dict[str, Any] = {**dj_database_url.parse(address, conn_max_age=60, conn_health_checks=True)}
    options = DATABASE_OPTIONS[found["ENGINE"]] | found.get("OPTIONS", {})
    return {**found, "OPTIONS": options, "DISABLE_SERVER_SIDE_CURSORS": True}  # poolers forbid them


_ours = _database(_project.database_url or f"sqlite:///{_data / 'runtask.sqlite3'}")
if _ours["ENGINE"] == SQLITE and not str(_ours["NAME"]).startswith((":", "file:")):
    with suppress(OSError):  # if the file can't be made, connecting reports why
        private.make_file(Path(_ours["NAME"]))
DATABASES = {"default": _ours}
RUNTASK_SIDECAR = _project.sidecar
if RUNTASK_SIDECAR:  # the platform migrates its own tables
    MIGRATION_MODULES = dict.fromkeys(("django_celery_beat", "django_celery_results"))
    # With another result back end, the platform may have no table of results.
    if not _project.result_backend.startswith(("django-db", "django_celery_results")):
        INSTALLED_APPS.remove("django_celery_results")
    if _project.platform_url:
        _theirs = _database(_project.platform_url)
        if _theirs["ENGINE"] == SQLITE:
            _theirs |= {"NAME": f"file:{_theirs['NAME']}?mode=ro", "OPTIONS": {"timeout": 20}}
        # If the platform has `USE_TZ = False`, it stores local times in MariaDB and SQLite.
        DATABASES[PLATFORM] = {**_theirs, "TIME_ZONE": _project.platform_zone or None}
        DATABASE_ROUTERS = ["bot.sidecar.Router"]
    else:
        MIGRATION_MODULES |= dict.fromkeys(("admin", "auth", "contenttypes", "sessions"))

USE_TZ = True
TIME_ZONE = _project.time_zone
STATIC_URL = "static/"
STATIC_ROOT = None  # WhiteNoise serves files from the packages
WHITENOISE_USE_FINDERS = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# The settings for HTTPS depend on the scheme of the public address, so that plain HTTP works on loopback.
_https = _site.scheme == "https"
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
# Subdomains of this host may be other sites without TLS. So HSTS is for this host only, and these two warnings are silenced.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # a supervisor's probes don't use TLS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}"] if _site.netloc else []

# Pages may use nothing inline and nothing from other sites. Django's error page in debug mode does, so there is no policy then.
_self, _none = ["'self'"], ["'none'"]
_policy = {
    "default-src": _none,
    "script-src": _self,
    "style-src": _self,
    "img-src": _self,
    "connect-src": _self,
    "form-action": _self,
    "base-uri": _none,
    "frame-ancestors": _none,
}
SECURE_CSP = {} if DEBUG else _policy

RUNTASK = {"CELERY_APP": _bot.celery_app or "bot.celery:app"}

CELERY_BROKER_URL = _project.broker_url
CELERY_TASK_DEFAULT_QUEUE = _project.default_queue
CELERY_TASK_ROUTES = _project.routes
CELERY_TASK_SERIALIZER = _project.serializer
CELERY_TASK_PROTOCOL = int(_project.protocol)
CELERY_BROKER_TRANSPORT_OPTIONS = _project.broker_options or {}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = _project.result_options or {}
CELERY_RESULT_BACKEND = _project.result_backend
CELERY_RESULT_EXTENDED = True  # without it a failed task has no traceback and no name
CELERY_TASK_TRACK_STARTED = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = TIME_ZONE
CELERY_IMPORTS = list(_project.imports)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
if _project.broker_url.startswith("filesystem://"):
    _folder = Path(urlsplit(_project.broker_url).path or _data / "broker")
    globals().update({f"CELERY_{name.upper()}": value for name, value in embedded.configure(_folder).items()})

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": LOG_LINE, "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"bot": {"level": "INFO"}, "runtask.audit": {"level": "INFO"}, "django.request": {"level": "ERROR"}},
}
