"""What a person reads after an error that no listener expects. The log has the error itself."""

from bot.runs.failures import is_away
from bot.slack import texts


def sorry(exc: Exception) -> str:
    return texts.DATABASE_AWAY if is_away(exc) else texts.SORRY
