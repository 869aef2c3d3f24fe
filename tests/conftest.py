"""What all tests share."""

import os

from hypothesis import settings

# A machine under load must not fail a property for being slow; CI's runs are repeatable.
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("quick")
