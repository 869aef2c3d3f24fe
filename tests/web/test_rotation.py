"""An operator rotates SECRET_KEY while somebody has the run page open."""

from typing import Any

from tests.web.site import Site


def test_open_forms_and_log_ins_survive_a_rotation_of_the_secret_key(site: Site, settings: Any) -> None:
    form = site.form()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    site.form_keys = ("another", *site.form_keys)
    assert site.press_run(form, kwargs='{"days": 30}').status_code == 302
    assert site.sender.sent[0].kwargs == {"days": 30}
