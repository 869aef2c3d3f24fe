"""Makes the demo's tables and fills them, in a process of its own: `python -m runtask_demo.prepare [SCHEDULES]`."""

import sys

import django
from django.core.management import call_command

from bot import env


def main() -> None:
    env.default_settings()
    django.setup()
    call_command("migrate", verbosity=0)

    from runtask_demo.seed import many, seed  # noqa: PLC0415 - models can be imported only now

    seed()
    many(int(sys.argv[1]) if sys.argv[1:] else 0)


if __name__ == "__main__":
    main()
