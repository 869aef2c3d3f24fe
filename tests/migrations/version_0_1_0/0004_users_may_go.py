"""Keys to users lose their constraints where an early installation still has them (see bot.models).

Migrations 0001 and 0002 make none any more: a sidecar's account needs no rights on `auth_user` but to read it.
"""

from copy import copy
from typing import Any

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def loosen(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name in ("SlackLink", "Run", "ApiToken"):
        model = apps.get_model("runtask", name)
        loose = model._meta.get_field("user")
        bound = copy(loose)
        bound.db_constraint = True
        schema_editor.alter_field(model, bound, loose)


class Migration(migrations.Migration):
    dependencies = [
        ("runtask", "0003_a_script_asks_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(loosen, migrations.RunPython.noop)]
