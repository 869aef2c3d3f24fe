"""The metrics in docs/operations.md: the table, the alert rules and the scrape agree with the code."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.core.kinds import Kind
from bot.core.status import CELERYS, RunState
from bot.models import NoticeState
from bot.runs import lateness, metrics, sources
from bot.web import exposition

SECTION = Path("docs/operations.md").read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
FILES = dict(re.findall(r"```yaml (\S+)\n(.*?)```", SECTION, re.DOTALL))
SELECTOR = re.compile(r"(runtask_\w+)(?:\{([^}]*)\})?")
KNOWN = metrics.Metrics(
    runs={(state, status): 0 for state in RunState for status in ("", *CELERYS, metrics.OTHER)},
    oldest_open_run=0,
    notices=dict.fromkeys(NoticeState.values, 0),
    failing_notices=0,
    oldest_due_notice=0,
    parked_notices={"slack_refused": 0},
    refusals=dict.fromkeys(Kind, 0),
    source_lags={"rows": 0},
    installations={"T0123/A0456": True},
)


def families() -> dict[str, list[dict[str, str]]]:
    """Returns the labels of each sample, by the name of the metric."""
    return {family.name: [sample.labels for sample in family.samples] for family in exposition.families(KNOWN)}


def test_the_table_has_every_metric_with_its_labels() -> None:
    rows = re.findall(r"^\| `(runtask_\w+)(?:\{([\w,]+)\})?` \| [^|]+ \| [^|]+ \|$", SECTION, re.MULTILINE)
    assert {name: set(filter(None, labels.split(","))) for name, labels in rows} == {
        name: set(samples[0]) for name, samples in families().items()
    }


def test_the_table_has_every_kind_of_refusal() -> None:
    [row] = [line for line in SECTION.splitlines() if line.startswith("| `runtask_refusals")]
    assert {kind for kind in Kind if f"`{kind}`" in row} == set(Kind)


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(FILES["runtask.rules.yml"])["groups"]
    return list(group["rules"])


def test_there_are_four_alerts_with_words_for_the_person_on_call() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules()) == 4
    for rule in rules():
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))


def chosen() -> list[tuple[str, str]]:
    """Returns each metric that an expression in the section names, with the conditions on its labels."""
    expressions = [rule["expr"] for rule in rules()] + re.findall(r"`(runtask_[^`]*(?:==|>)[^`]*)`", SECTION)
    assert len(expressions) == 6
    return [found for expression in expressions for found in SELECTOR.findall(expression)]


@pytest.mark.parametrize(("name", "conditions"), chosen(), ids=map(str, range(len(chosen()))))
def test_expressions_name_metrics_and_labels_that_exist(name: str, conditions: str) -> None:
    samples = families()[name]
    for label, operator, value in re.findall(r'(\w+)(=|!=)"([^"]*)"', conditions):
        assert label in samples[0]
        assert value in {sample[label] for sample in samples} or operator == "!="


def test_labels_that_an_alert_shows_are_those_of_its_metric() -> None:
    for rule in rules():
        names = {name for name, _ in SELECTOR.findall(rule["expr"])}
        labels = {label for name in names for sample in families()[name] for label in sample}
        assert set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))) <= labels


def test_alerts_have_the_thresholds_of_readyz() -> None:
    thresholds = [float(found) for rule in rules() for found in re.findall(r"_seconds > (\d+)", rule["expr"])]
    assert set(thresholds) == {lateness.LATE.total_seconds()} == {sources.UNASKED.total_seconds()}


def test_the_scrape_sends_the_token_to_the_page() -> None:
    [job] = yaml.safe_load(FILES["prometheus.yml"])["scrape_configs"]
    assert job["metrics_path"] == "/metrics"
    assert set(job["authorization"]) == {"credentials_file"}, "Prometheus' default type is Bearer"
