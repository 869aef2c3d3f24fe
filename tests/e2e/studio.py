"""examples/studio follows docs/install.md: the same lines, in the files that the page names for it."""

import json
import re
from typing import ClassVar

from localslack.testing import LocalSlack
from tests.e2e import guided
from tests.e2e.shop import Project
from tests.support import guide

NAMES = re.compile(r"^\| `(shop[\w./:]*)` \| `(config[\w./:]*)` \|$", re.MULTILINE)
LAST = {  # by file: how the last entry begins of the list to which the page adds an entry
    "config/settings/base.py": '    "studio.recordings"',
    "config/urls.py": "    path(settings.ADMIN_URL",
}
STATEMENT = re.compile(r"(\w+ = .*[^{]|from .*)")  # a statement of one line


class Studio(Project):
    """A platform with results in Redis, whose `manage.py` and whose server have different settings."""

    example = "examples/studio"
    celery = ("-A", "config.celery_app", "worker")
    wsgi = "config.wsgi"
    as_it_was = """
from django.core.management import call_command
from studio.users.models import User
call_command("migrate", verbosity=0)
call_command("load_schedules")
User.objects.create_user("ana@example.com", "ana", name="Ana Ruiz", is_staff=True)
User.objects.create_superuser("carla@corp.example", "carla", name="Carla Staff")
"""
    names: ClassVar[dict[str, str]] = dict(NAMES.findall(guided.PAGE.read_text()))

    def named(self, text: str) -> str:
        for theirs, ours in self.names.items():
            text = text.replace(theirs, ours)
        return text

    def change(self, block: guide.Block) -> None:
        """Adds the lines that the `diff` adds, unless they are there: an entry to its list, others at the end."""
        file = self.names[block.about]
        path = self.where / file
        for lines in guide.added(block.text):
            there = path.read_text().splitlines()
            if lines[0].startswith(" "):
                [last] = [number for number, line in enumerate(there) if line.startswith(LAST[file])]
                there[last + 1 : last + 1] = lines
            else:
                there += [line for line in lines if not (STATEMENT.fullmatch(line) and line in there)]
            path.write_text("\n".join([*there, ""]))

    def doctor(self, slack: LocalSlack) -> list[dict[str, str]]:
        """The findings of `runtask_doctor` on the server."""
        tokens = f"SLACK_API_URL={slack.api_url} SLACK_BOT_TOKEN={slack.bot_token} SLACK_APP_TOKEN={slack.app_token}"
        found = json.loads(self.run("sh", "-c", f"{tokens} python manage.py runtask_doctor --json"))
        return list(found["findings"])
