"""The stand-alone project's settings, for DJANGO_SETTINGS_MODULE and `from bot.settings import *`.

Some projects import the module `settings` of every installed app while Django starts. In a project, this module is empty.
"""

from bot import env

if not env.is_in_a_project():
    from bot.site_settings import *  # noqa: F403
