// Says the chosen crontab in words, as django-celery-beat's own script in its page does.

"use strict";

{
  const $ = django.jQuery; // the admin's windows tell of their choice by its events only
  const words = JSON.parse(document.getElementById("readable-crontabs").textContent);
  $("#id_crontab").on("change", (event) => $(".field-crontab_translation .readonly").text(words[event.target.value] ?? "-"));
}
