"""Python imports this at its start if this folder is in PYTHONPATH. The process then has a wrong clock: SKEW seconds ahead."""

from datetime import UTC, datetime, timedelta

import time_machine

from bot import env

ahead = timedelta(seconds=float(env.environ()["SKEW"]))
time_machine.travel(datetime.now(UTC) + ahead).start()
