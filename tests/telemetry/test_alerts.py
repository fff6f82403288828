"""Alert rules and dashboard: every name is of the catalogue, and each rule fires in its own story and no other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from bridge.telemetry.metrics import CATALOGUE, COUNTERS, HISTOGRAMS, PREFIX

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "alerts.yaml"
DASHBOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
PROMTOOL = shutil.which("promtool")

FOUR_HOURS, THREE_DAYS = 240, 864
STEP_MIN = {FOUR_HOURS: 1, THREE_DAYS: 5}
"""How many steps are told, and how many minutes one is."""
NOW = "0+STEP"
"""A time that is always the present one."""
WELL: Mapping[str, str] = {
    'phase{company="acme",phase="stopped"}': "0",
    'phase{company="acme",phase="needs_reconnect"}': "0",
    'phase{company="acme",phase="running"}': "1",
    'no_progress{company="acme"}': "0",
    'outage{company="acme"}': "0",
    'behind_seconds{company="acme"}': "3",
    'records_total{company="acme",status="posted",reason=""}': "0+100",
    'records_total{company="acme",status="waiting",reason="orphan"}': "0+50",
    'records_total{company="acme",status="dead_lettered",reason="unmappable"}': "0+0.5",
    'waiting_oldest_timestamp_seconds{company="acme"}': NOW,
    'duplicate_documents{company="acme"}': "0",
    'drifted_documents{company="acme"}': "0",
    'token_expires_timestamp_seconds{company="acme"}': "8640000+60",
    'reads_share{company="acme"}': "0.5",
    'clearing_oldest_timestamp_seconds{company="acme"}': "-648000+STEP",
    'qbo_throttled_total{company="acme"}': "0",
    'survey_timestamp_seconds{company="acme"}': NOW,
}
"""Series of a company where nothing is wrong, by the step; a token that is renewed has a hundred days."""

FIVE_YEARS = "five years are nearly over"
STORIES: Mapping[str, tuple[Mapping[str, str], set[str]]] = {
    "all is well": ({}, set()),
    "stopped": (
        {'phase{company="acme",phase="stopped"}': "1", 'phase{company="acme",phase="running"}': "0"},
        {"QboBridgeStopped"},
    ),
    "to be connected again": (
        {'phase{company="acme",phase="needs_reconnect"}': "1", 'phase{company="acme",phase="running"}': "0"},
        {"QboBridgeNeedsReconnect"},
    ),
    "a standby alone": ({'phase{company="acme",phase="running"}': "0"}, {"QboBridgeNoOwner"}),
    "a standby beside the owner": ({'phase{company="acme",phase="running",instance="b"}': "0"}, set()),
    "no progress": ({'no_progress{company="acme"}': "1"}, {"QboBridgeNoProgress"}),
    "an outage": ({'outage{company="acme"}': "1", 'behind_seconds{company="acme"}': "0+60"}, {"QboBridgeOutage"}),
    "behind": ({'behind_seconds{company="acme"}': "0+60"}, {"QboBridgeBehind"}),
    "one record in fifty fails": (
        {'records_total{company="acme",status="dead_lettered",reason="unmappable"}': "0+2"},
        {"QboBridgeSuccessLow", "QboBridgeDeadLetterBurst"},
    ),
    "some fail of a few": (
        {
            'records_total{company="acme",status="posted",reason=""}': "0+0.5",
            'records_total{company="acme",status="dead_lettered",reason="unmappable"}': "0+0.1",
        },
        set(),
    ),
    "some fail all the time": (
        {
            'records_total{company="acme",status="posted",reason=""}': "0+10",
            'records_total{company="acme",status="dead_lettered",reason="unmappable"}': "0+1",
        },
        {"QboBridgeSuccessLow"},
    ),
    "an event waits for days": (
        {'waiting_oldest_timestamp_seconds{company="acme"}': "-200000"},
        {"QboBridgeWaitingLong"},
    ),
    "a document twice": ({'duplicate_documents{company="acme"}': "1"}, {"QboBridgeDuplicate"}),
    "totals were changed": ({'drifted_documents{company="acme"}': "2"}, {"QboBridgeDrift"}),
    "the token ends": (
        {'token_expires_timestamp_seconds{company="acme"}': "518400+60"},
        {"QboBridgeTokenEnds"},
    ),
    FIVE_YEARS: (
        {'token_expires_timestamp_seconds{company="acme"}': "4320000"},
        {"QboBridgeConsentEnds"},
    ),
    "reads are nearly spent": ({'reads_share{company="acme"}': "0.81"}, {"QboBridgeReadsHigh"}),
    "money lies in clearing": (
        {'clearing_oldest_timestamp_seconds{company="acme"}': "-1000000"},
        {"QboBridgeClearingOld"},
    ),
    "throttled": ({'qbo_throttled_total{company="acme"}': "0+1"}, {"QboBridgeThrottled"}),
    "the survey fails": ({'survey_timestamp_seconds{company="acme"}': "0"}, {"QboBridgeSurveyOld"}),
}
"""By what is wrong: the series that differ, and the alerts that fire after four hours of it, or after three days."""


def _names(text: str) -> set[str]:
    """The metrics that a text names."""
    return set(re.findall(rf"\b{PREFIX}[a-z0-9_]+", text))


def _exported() -> Iterator[str]:
    """The names under which Prometheus knows the catalogue."""
    counters, histograms = {each.name for each in COUNTERS}, {each.name for each in HISTOGRAMS}
    for each in CATALOGUE:
        parts = ("_bucket", "_sum", "_count") if each.name in histograms else ("",)
        endings = ("_total",) if each.name in counters else parts
        yield from (f"{PREFIX}{each.name}{ending}" for ending in endings)


def _panels() -> Iterator[dict[str, Any]]:
    for path in DASHBOARDS:
        yield from json.loads(path.read_text())["panels"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_a_dashboard_is_of_grafana_s_own_schema(path: Path) -> None:
    """Read into Grafana's published types and written again: what they do not know would be lost."""
    board = json.loads(path.read_text())
    written = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    assert lost(board, written) == []


def lost(said: Any, kept: Any, where: str = "") -> list[str]:
    """What is not in `kept` as it was said; defaults that came to it are no loss."""
    if isinstance(said, dict) and isinstance(kept, dict):
        return [each for key, value in said.items() for each in lost(value, kept.get(key), f"{where}/{key}")]
    if isinstance(said, list) and isinstance(kept, list) and len(said) == len(kept):
        pairs = enumerate(zip(said, kept, strict=True))
        return [each for number, (one, other) in pairs for each in lost(one, other, f"{where}/{number}")]
    return [] if said == kept else [where]


def test_what_grafana_does_not_know_is_found() -> None:
    """Guard: a misspelt key of a panel."""
    board = {"title": "x", "panels": [{"type": "stat", "targetz": []}]}
    assert lost(board, json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))) == ["/panels/0/targetz"]


@pytest.mark.parametrize("path", [ALERTS, *DASHBOARDS], ids=lambda path: path.name)
def test_every_name_is_of_the_catalogue(path: Path) -> None:
    """As it is exported: counters with `_total`, histograms by their parts."""
    named = _names(path.read_text())
    assert named
    assert named <= set(_exported())


def test_every_label_and_phase_is_one_that_is_exported() -> None:
    """Guard: a matcher that nothing ever matches, so that its alert is silent for ever."""
    known = {label for each in CATALOGUE for label in each.labels} | {"company", "instance", "le"}
    texts = [path.read_text().replace('\\"', '"') for path in (ALERTS, *DASHBOARDS)]
    labels = {label for text in texts for label in re.findall(r'([a-z_]+)=~?"', text)}
    rows = [row for text in texts for row in re.findall(r"\bby \(([^)]*)\)", text)]
    grouped = {label.strip() for row in rows for label in row.split(",")}
    assert labels | grouped <= known


def test_every_panel_says_what_it_shows() -> None:
    """And lies beside the others, not over them."""
    taken: set[tuple[int, int]] = set()
    for each in _panels():
        at = each["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, each["title"]
        taken |= cells
        assert each["type"] == "row" or (each["title"] and each["description"] and each["targets"])
    ids = [each["id"] for each in _panels()]
    assert len(ids) == len(set(ids)) > 20


def test_every_alert_has_a_story() -> None:
    """In which it fires."""
    fired = {alert for _, alerts in STORIES.values() for alert in alerts}
    assert fired == set(re.findall(r"alert: (\w+)", ALERTS.read_text()))


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian's package prometheus has it)")
@pytest.mark.parametrize("story", STORIES)
def test_each_rule_fires_in_its_own_story(story: str, tmp_path: Path) -> None:
    """And no other does: neither in that story, nor where all is well."""
    differs, alerts = STORIES[story]
    steps = THREE_DAYS if story == FIVE_YEARS else FOUR_HOURS
    step, step_s = f"{STEP_MIN[steps]}m", str(60 * STEP_MIN[steps])
    stepped = {name: values.replace("STEP", step_s) for name, values in {**WELL, **differs}.items()}
    series = [{"series": PREFIX + name, "values": f"{values}x{steps + 10}"} for name, values in stepped.items()]
    samples = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(alerts)]
    asked = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{steps * STEP_MIN[steps]}m",
        "exp_samples": samples,
    }
    said = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": step,
        "tests": [{"interval": step, "input_series": series, "promql_expr_test": [asked]}],
    }
    path = tmp_path / "story.yaml"  # JSON is YAML
    path.write_text(json.dumps(said))
    done = subprocess.run([str(PROMTOOL), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
