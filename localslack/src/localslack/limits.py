"""Slack's limits, read once from limits.json next to this module (each entry there names its source)."""

import json
from pathlib import Path
from typing import Any

LIMITS: dict[str, Any] = json.loads(Path(__file__).with_name("limits.json").read_text(encoding="utf-8"))
