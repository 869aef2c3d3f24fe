"""Users have no `is_staff`, and there is no admin."""

from tests.projects.common import *  # noqa: F403
from tests.projects.common import INSTALLED_APPS

INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "django.contrib.admin"]
AUTH_USER_MODEL = "people.Visitor"
ROOT_URLCONF = "tests.projects.urls_without_admin"
