"""What `backfill --plan` prints beside its lines."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.commands.backfill.effect import RECEIVABLES, SALES_TAX, BookAccount, Chart, Effect, Group, sides_of
from bridge.commands.backfill.forecast import Forecasts
from bridge.commands.backfill.report import print_plan

CHART = Chart({"1": BookAccount(Group.INCOME, "Sales"), "2": BookAccount(Group.CASH, "Checking")}, {"7": "1"})
SOLD = {"Amount": Decimal(10), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "7"}}}
INVOICE = {"Line": [SOLD], "TxnTaxDetail": {"TotalTax": Decimal("0.50")}}


def test_the_five_groups_and_their_accounts_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Receivable, income, tax, liabilities and cash, each with its amount, and below it the accounts that change."""
    effect = Effect()
    effect.add(sides_of("Invoice", INVOICE, CHART), "USD")
    print_plan(Forecasts(), effect)
    said = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert said[1:] == [
        ["effect", "on", "account", "amount"],
        ["receivable", "10.50", "USD"],
        ["Accounts", "receivable", "10.50", "USD"],
        ["income", "10.00", "USD"],
        ["Sales", "10.00", "USD"],
        ["tax", "0.50", "USD"],
        ["Sales", "tax", "0.50", "USD"],
        ["liabilities", "0"],
        ["cash", "0"],
    ]


def test_what_a_person_sold_in_a_bundle_is_income_of_its_parts() -> None:
    """The bundle itself has no account. Guard: `_lines`."""
    bundle = {"Amount": Decimal(10), "DetailType": "GroupLineDetail", "GroupLineDetail": {"Line": [SOLD]}}
    sides = sides_of("Invoice", {"Line": [bundle]}, CHART)
    assert (BookAccount(Group.INCOME, "Sales"), Decimal(-10)) in sides
    assert (RECEIVABLES, Decimal(10)) in sides
    assert (SALES_TAX, Decimal(0)) in sides


def test_an_account_that_nobody_knows_is_named_by_its_id() -> None:
    """Its money is not lost: an inactive account is not in the chart."""
    body = {"TotalAmt": Decimal(3), "DepositToAccountRef": {"value": "99"}}
    assert (BookAccount(Group.OTHER, "account 99"), Decimal(3)) in sides_of("Payment", body, CHART)
