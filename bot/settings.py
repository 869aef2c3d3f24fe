"""The stand-alone project's settings, as DJANGO_SETTINGS_MODULE and `from bot.settings import *` name them.

Some projects import `settings` of every installed app while Django starts. They find an empty module.
"""

from bot import env

if not env.is_in_a_project():
    from bot.site_settings import *  # noqa: F403
