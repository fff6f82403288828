"""`qbo-bridge map` says of an event what the machine says of it whose books have nothing of it yet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.commands import mapping
from bridge.commands.mapping import map_value
from bridge.config.settings import load_settings
from bridge.settlement.outcome import Outcome
from contracts.posting import PostingPlan
from mappings.rules import MappingRules
from tests.support.forecasting import disagreement, mapped_by_default
from tests.support.orders import Json, line, order, shopify_event
from tests.support.shop_payouts import payout, row

GOLDEN = Path(__file__).parents[1] / "mappings" / "golden"
EVENTS = sorted(GOLDEN.glob("*/*/event.json"))

CONFIG = """
[kafka]
bootstrap_servers = "127.0.0.1:9"
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
shop_domains = ["default"]
rules = "rules.toml"
"""
PAYOUT_RULES = '[payouts]\nbank = "Checking"\n[payouts.rows]\nadjustment = "Adjustments"\n'


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}")
def test_map_and_the_machine_agree(event: Path) -> None:
    """The same status, code and sentence, but where the company itself lacks something."""
    assert disagreement(event.read_bytes()) is None


def test_rows_in_parts_that_miss_the_amount_are_a_dead_letter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the whole payout can be added up, which the mapping of one part does not do."""
    booked = mapped(tmp_path, one_part(of=1), rules=PAYOUT_RULES)
    assert not booked
    assert capsys.readouterr().err.startswith("Dead letter, unbalanced: the rows of the payout add up to 10.00 USD")


def test_a_part_of_a_payout_waits_for_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As its result says; it is no dead letter."""
    booked = mapped(tmp_path, one_part(of=2), rules=PAYOUT_RULES)
    assert booked
    assert "of the 2 parts of the payout 2 are not told yet" in " ".join(capsys.readouterr().out.split())


def test_late_money_of_an_earlier_sale_needs_its_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A body tells money after the start of the books, and no rule says what was owed before."""
    body = shopify_event("orders/paid", order([line("10.00")], updated_at="2026-05-01T10:00:00Z"))
    body["headers"] = {"X-Shopify-Topic": "orders/paid", "X-Shopify-Triggered-At": "2026-05-01T10:00:00Z"}
    booked = mapped(tmp_path, body, rules="books_start = 2026-04-01\n")
    assert not booked
    assert "accounts.opening_receivables" in capsys.readouterr().err


def test_a_bug_of_ours_is_the_dead_letter_of_its_record(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guard: as the machine calls it, and no traceback."""

    async def broken(plan: PostingPlan, rules: MappingRules) -> Outcome:
        raise KeyError(plan.document, rules)

    monkeypatch.setattr(mapping, "forecast", broken)
    assert not mapped_by_default(json.dumps(order([line("10.00")])).encode())
    assert capsys.readouterr().err.startswith("Dead letter, internal: ")


def one_part(*, of: int) -> Json:
    """A payout whose first part misses its amount by a unit."""
    body = payout([row("adjustment", "10.00")], amount="11.00", part=1, parts=of)
    return shopify_event("shopify_payments/payouts", body)


def mapped(folder: Path, event: Json, *, rules: str) -> bool:
    """Whether the command calls `event` booked under `rules`."""
    (folder / "rules.toml").write_text(rules)
    (folder / "bridge.toml").write_text(CONFIG)
    settings = load_settings(folder / "bridge.toml", {})
    return map_value(json.dumps(event).encode(), topic=None, settings=settings, company="acme-us")
