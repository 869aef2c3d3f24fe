"""The form of a rule in the admin. It shows lists as text, one item per line, and reads that text."""

import json
from typing import Any

from django import forms

from bot.core import rulefields, strictjson
from bot.core.entry import BY_PEOPLE
from bot.core.model import Field
from bot.core.reasons import Invalid, Reason
from bot.core.rules import Notify
from bot.core.text import fold
from bot.models import StoredRule
from bot.runs import explain, rulebook
from bot.texts import problem_text, sentence
from bot.web import texts

LISTS = ("tasks", "schedules", "see", "run", "stop", "channels", "closed", "approvers", "ask", "mention")
FLAGS = ("reason", "one_at_a_time")
MATCHING = ("tasks", "schedules")
WHO = ("see", "run", "stop", "entries", "channels")
WITH_WHAT = ("arguments", "reason", "one_at_a_time", "closed", "kill")
APPROVAL = ("approvals", "approvers", "ask", "approval_hours")
MESSAGES = ("notify", "mention")


class RuleForm(forms.ModelForm):
    """An empty field doesn't become a part of the rule. Only `kill` differs: it becomes a part if it isn't ticked."""

    entries = forms.MultipleChoiceField(
        choices=[(one.value, one.value) for one in BY_PEOPLE], required=False, widget=forms.CheckboxSelectMultiple
    )
    arguments = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}))
    approvals = forms.IntegerField(required=False, min_value=0, max_value=rulefields.MOST_APPROVALS)
    approval_hours = forms.FloatField(required=False)
    reason = forms.BooleanField(required=False)
    one_at_a_time = forms.BooleanField(required=False)
    kill = forms.BooleanField(required=False, initial=True)
    notify = forms.ChoiceField(choices=[("", "---"), *((one.value, one.value) for one in Notify)], required=False)
    tasks, schedules, see, run, stop, channels, closed, approvers, ask, mention = (
        forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})) for _ in LISTS
    )

    class Meta:
        model = StoredRule
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        self.before, self.is_unreadable = stored(instance)
        kwargs["initial"] = {**_shown(self.before), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.help_text = texts.RULE_HELP.get(name, "")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if self.is_unreadable:
            raise forms.ValidationError(texts.RULE_UNREADABLE)
        rule = self._plain(found)
        others = StoredRule.objects.exclude(pk=self.instance.pk).values_list("name", flat=True)
        if fold(str(rule.get("name", ""))) in map(fold, others):
            self.add_error("name", texts.RULE_NAME_TAKEN)
        for path, code, params in rulefields.flaws_of_one(rule, explain.groups()):
            field = str(path[0]) if path else None
            if field not in self.errors:
                self.add_error(field if field in self.fields else None, sentence(Reason(code=code, params=params)))
        if not self.errors:
            self.instance.body = rulebook.body(rulefields.rule(rule))
        return found

    def _plain(self, found: dict[str, Any]) -> dict[str, Any]:
        """The rule as plain values, as in a file of rules."""
        rule = {"name": found.get("name", "")}
        rule |= {name: lines for name in LISTS if (lines := _lines(found.get(name, "")))}
        rule |= {name: found[name] for name in ("entries", "notify", "approvals") if found.get(name)}
        rule |= {name: True for name in FLAGS if found.get(name)}
        if found.get("approval_hours") is not None:
            rule["approval_hours"] = found["approval_hours"]
        if not found.get("kill"):
            rule["kill"] = False
        if text := found.get("arguments", "").strip():
            rule["arguments"] = self._schema(text)
        return rule

    def _schema(self, text: str) -> Any:
        """The parsed JSON. If the text isn't JSON: adds the errors to the form, and returns an empty schema."""
        try:
            return strictjson.read(text, Field.ARGS)
        except Invalid as exc:
            self.add_error("arguments", [problem_text(problem) for problem in exc.problems])
            return {}


def stored(row: StoredRule | None) -> tuple[dict[str, Any], bool]:
    """The rule as plain values, and whether this version of runtask can't read all of it. The form doesn't save such a rule."""
    if row is None or row.pk is None:
        return {}, False
    try:
        body = {"name": row.name, **json.loads(row.body)}
        return body, bool(list(rulefields.flaws_of_one(body, checks_schema=False)))
    except (ValueError, TypeError):
        return {}, True


def _shown(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule as initial values of the form."""
    shown = {name: "\n".join(map(str, value)) if name in LISTS else value for name, value in rule.items()}
    if "arguments" in rule:
        shown["arguments"] = json.dumps(rule["arguments"], ensure_ascii=False, indent=2)
    return shown


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
