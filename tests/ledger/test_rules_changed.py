"""Whatever rules a month was booked under: under others a replay of it writes nothing."""

from __future__ import annotations

import random

import pytest

from mappings.rules import MappingRules
from tests.ledger.months import ACCOUNTS, Month, shop_month
from tests.ledger.stripe_months import stripe_month
from tests.support.rules import rules
from tests.support.sizes import seeds
from tests.support.world import opened

ONE_SHOP = 'shops."acme.myshopify.com"'
LISTS = {
    "Other sales": "Income",
    "Other fees": "Expense",
    "Other clearing": "Other Current Asset",
    "Other debt": "Other Current Liability",
    "Other bank": "Bank",
}
CHOICES: dict[str, tuple[str, ...]] = {
    "time_zone": ('"UTC"', '"Pacific/Auckland"'),
    "create_accounts": ("true",),
    "walk_in_customer": ('"Counter"',),
    "waiting_hours": ("24",),
    "closed_period": ('"redate"', '"hold"'),
    "accounts.sales": ('"Other sales"',),
    "accounts.fees": ('"Other fees"',),
    "accounts.refunds": ('"Other sales"',),
    "accounts.returns": ('"Other sales"',),
    "accounts.disputes": ('"Other fees"',),
    "accounts.dispute_fees": ('"Other fees"',),
    "accounts.marketplace_tax": ('"Other debt"',),
    "gateways.shopify_payments.deposit": ('"Other clearing"',),
    "gateways.stripe.deposit": ('"Other clearing"',),
    "gateways.shopify_payments.method": ('"Visa"',),
    "payouts.bank": ('"Other bank"',),
    "payouts.fees_by_month": ("true",),
    "customers.match_names": ("true",),
    "customers.policy": ('"channel"', '"one"'),
    "matching.mode": ('"off"', '"report"'),
    "matching.days": ("0", "30"),
    "privacy.line_properties": ("false",),
    "privacy.contact": ("false",),
    "orders.document": ('"sales_receipt"',),
    "orders.late_changes": ('"credit_memo"',),
    "orders.post_when": ('"paid"',),
    "stripe.booking_authority": ('"stripe"',),
    "items.policy": ('"single"', '"product_type"'),
    "items.name": ('"Goods"',),
    "items.accounts": ('[{sku_prefix = "S", income = "Other sales"}]',),
    "tracking": (
        '[{shop = "acme.myshopify.com", class = "Europe", location = "Berlin"}]',
        '[{gateway = "stripe", class = "Europe"}]',
    ),
    f"{ONE_SHOP}.accounts.sales": ('"Other sales"',),
    f"{ONE_SHOP}.accounts.fees": ('"Other fees"',),
}
"""Values of the rules that say how a sale, its money or a payout is booked."""
FIXED = 'payouts.rows.advance = "Shopify Capital"\npayouts.rows.billing = "Shopify subscription"\n'
NOT_DRAWN = frozenset({"books_start", "skip", "tax", "terms", "exchange_rates", "shop_domains", "livemode_required"})
"""What is left out, is another company's or needs lists and currencies that these months do not have."""


async def replayed(before: str, after: str, draw: random.Random) -> None:
    """A month under the rules `before`, and all of it once more under `after`."""
    month = Month()
    for tell in (shop_month, stripe_month):
        tell(draw, month)
    batches = [month.events[start : start + 3] for start in range(0, len(month.events), 3)]
    async with opened(rules(FIXED + before)) as world:
        for name, account_type in (ACCOUNTS | LISTS).items():
            await world.by_hand("account", {"Name": name, "AccountType": account_type})
        await world.by_hand("class", {"Name": "Europe"})
        await world.by_hand("department", {"Name": "Berlin"})
        await world.restart()
        for batch in batches:
            await world.deliver(*batch)
        await world.idle()
        assert not {"waiting", "dead_lettered"} & set(world.statuses())
        written = world.written()
        world.rules = rules(FIXED + after)
        await world.restart()
        for batch in batches:
            await world.deliver(*batch)
        await world.idle()
        assert world.written() == written, (before, after)


def drawn_rules(draw: random.Random) -> str:
    """Up to five rules, each with one of its values."""
    names = draw.sample(sorted(CHOICES), draw.randint(0, 5))
    return "".join(f"{name} = {draw.choice(CHOICES[name])}\n" for name in names)


@pytest.mark.parametrize("seed", seeds(4))
async def test_a_replay_of_a_month_under_other_rules_writes_nothing(seed: int) -> None:
    """Sales, refunds, disputes, fees and payouts of shop and processor, under any rules and then under any others."""
    draw = random.Random(f"rules {seed}")  # noqa: S311 - no secret
    await replayed(drawn_rules(draw), drawn_rules(draw), draw)


async def test_a_payout_that_came_back_and_moved_nothing_moves_nothing_later() -> None:
    """Its clearing account is another one by then. Guard: the note `NOTHING_MOVED`."""
    draw = random.Random("gateways.stripe.deposittaken")  # noqa: S311 - no secret
    await replayed('gateways.stripe.deposit = "Other clearing"\n', "", draw)


def test_every_rule_of_the_schema_is_drawn_or_books_nothing() -> None:
    """A new rule needs a value above."""
    drawn = {name.split(".")[0] for name in CHOICES}
    assert set(MappingRules.model_fields) - drawn == NOT_DRAWN
