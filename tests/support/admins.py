"""Whom Django sends error reports, as each version wants it."""

import django

ADMINS = ["ada@example.com"] if django.VERSION >= (6, 0) else [("Ada", "ada@example.com")]
