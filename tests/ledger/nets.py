"""What the books hold, by kind of account."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from tests.ledger.told_orders import Nets
from tests.support.world import World

CREDITS = frozenset({"income", "tax", "liability"})
KINDS = {
    "Income": "income",
    "Other Income": "income",
    "Expense": "expense",
    "Other Expense": "expense",
    "Accounts Receivable": "receivable",
    "Bank": "money",
    "Other Current Asset": "money",
    "Other Current Liability": "liability",
}


def nets(world: World) -> Nets:
    """Every kind of account that is not at zero: the owed and the earned as credits."""
    company = world.sandbox.company()
    found: Nets = defaultdict(Decimal)
    for ident, amount in company.ledger.home.items():
        account = company.tables["Account"][ident]
        kind = KINDS.get(account["AccountType"], "another kind of account")
        kind = "tax" if account["AccountSubType"] in {"GlobalTaxPayable", "SalesTaxPayable"} else kind
        found[kind] += -amount if kind in CREDITS else amount
    return {kind: amount for kind, amount in found.items() if amount}
