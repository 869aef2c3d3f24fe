"""Our URLs. A project includes them: `path("runtask/", include("bot.urls"))`."""

from django.apps import apps
from django.urls import URLPattern, path

from bot.conf import missing_apps

app_name = "runtask"


def _patterns() -> list[URLPattern]:
    from bot import wiring  # noqa: PLC0415  # needs beat's models, which may not be installed
    from bot.slack.endpoint import endpoint  # noqa: PLC0415
    from bot.web import metrics  # noqa: PLC0415
    from bot.web.api import views as api  # noqa: PLC0415

    from_slack = endpoint(wiring.slack_app, lambda: wiring.readable_options().signing_secret)
    for_prometheus = metrics.page(lambda: wiring.readable_options().metrics_token)
    return [
        path("slack/events", from_slack, name="slack-events"),
        path("metrics", for_prometheus, name="metrics"),
        *api.urls(wiring.platform),
        *_pages(),
    ]


def _pages() -> list[URLPattern]:
    """The run page and the pages of runs. They use the admin's frame, so there are none without the admin."""
    if not apps.is_installed("django.contrib.admin"):
        return []
    from bot import wiring  # noqa: PLC0415
    from bot.web import beat_admin, views  # noqa: PLC0415

    beat_admin.add_links()
    return views.urls(wiring.platform)


urlpatterns = [] if missing_apps() else _patterns()
