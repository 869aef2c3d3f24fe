"""Django's system checks: they name what is wrong with a set-up, and what to do. bot.checks.table has all of them."""
