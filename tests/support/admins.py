"""The setting ADMINS: to whom Django sends error reports. Django 6 wants addresses, earlier versions pairs."""

import django

ADMINS = ["ada@example.com"] if django.VERSION >= (6, 0) else [("Ada", "ada@example.com")]
