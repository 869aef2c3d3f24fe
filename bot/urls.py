"""What a project includes: `path("runtask/", include("bot.urls"))`."""

from django.urls import path

from bot import wiring
from bot.conf import conf
from bot.slack.endpoint import endpoint

app_name = "runtask"
urlpatterns = [
    path("slack/events", endpoint(wiring.slack_app, lambda: conf().signing_secret), name="slack-events"),
]
