"""Rules: safe defaults, one precise sentence for each mistake, a version for each change."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError
from contracts.quickbooks import AccountSelector
from mappings.accounts import account, deposit_account, liability
from mappings.rules import MappingRules, load_rules

EXAMPLE = Path(__file__).parents[2] / "deploy" / "rules.example.toml"


def test_example_file_is_valid_and_names_every_rule() -> None:
    """What the example documents is what there is."""
    text = EXAMPLE.read_text()
    rules = load_rules(text, source="rules.example.toml")
    given = set(MappingRules.model_fields) - {"shop_domains", "livemode_required"}
    assert {name for name in given if name not in rules.model_fields_set} == set()
    assert all(getattr(rules.accounts, name) is not None for name in type(rules.accounts).model_fields)
    assert rules.exchange_rates == {"EUR": Decimal("1.0850")}


def test_defaults_need_no_file() -> None:
    """An empty file and no file are the same rules."""
    assert load_rules("") == MappingRules()
    assert load_rules("").version == MappingRules().version
    assert account(MappingRules(), "deposit") == AccountSelector(rule="accounts.deposit", sub_type="UndepositedFunds")
    assert account(MappingRules(), "discount") == AccountSelector(
        rule="accounts.discount", preference="DefaultDiscountAccount", sub_type="DiscountsRefundsGiven"
    )


def test_account_by_name_id_or_type() -> None:
    """A bare string is a name."""
    rules = load_rules('[accounts]\nsales = " Income:Online "\nfees = { id = "8" }\ntips = { sub_type = "X" }')
    assert account(rules, "sales").name == "Income:Online"
    assert account(rules, "fees").id == "8"
    assert liability(rules, "tips") == AccountSelector(rule="accounts.tips", sub_type="X")


def test_gateway_is_found_in_any_spelling() -> None:
    """Shopify writes shopify_payments, people write Shopify Payments."""
    rules = load_rules('[gateways."Shopify Payments"]\ndeposit = "Clearing"')
    for name in ("shopify_payments", "Shopify-Payments", " SHOPIFY  PAYMENTS "):
        assert deposit_account(rules, name).name == "Clearing"
    assert deposit_account(rules, None).sub_type == "UndepositedFunds"


def test_version_changes_with_any_rule() -> None:
    """And with what the company says, and with nothing else."""
    rules = load_rules('walk_in_customer = "Cash"')
    assert rules.version != MappingRules().version
    assert rules.version == load_rules('# note\nwalk_in_customer = "Cash"').version
    bound = rules.for_company(shop_domains=("ACME.myshopify.com", "default"), livemode_required=True)
    assert (bound.shop_domains, bound.livemode_required) == (("acme.myshopify.com",), True)
    assert bound.version != rules.version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("= 5", "acme.toml: not valid TOML"),
        ("books_start = '11/01/2026'", "acme.toml: books_start: expected a day, such as 2026-11-01"),
        ("acounts = 5", "acme.toml: acounts: no such rule"),
        ("[accounts]\nsale = 'x'", "acme.toml: accounts.sale: no such rule"),
        ("[accounts]\nsales = 79", "acme.toml: accounts.sales: expected an account name"),
        (
            "[accounts]\nsales = { id = '1', name = 'x' }",
            "acme.toml: accounts.sales: expected an account name, or one of",
        ),
        ("[accounts]\nsales = ' '", "acme.toml: accounts.sales: expected an account name"),
        ("[accounts]\nsales = { ident = '1' }", "acme.toml: accounts.sales.ident: no such rule"),
        ("time_zone = 'Mars/Base'", "acme.toml: time_zone: expected an IANA time zone"),
        ("time_zone = '../x'", "acme.toml: time_zone: expected an IANA time zone"),
        ("create_accounts = 'perhaps'", "acme.toml: create_accounts: input should be a valid boolean"),
        ("waiting_hours = 0", "acme.toml: waiting_hours: input should be greater than or equal to 1"),
        ("walk_in_customer = 'a:b'", "acme.toml: walk_in_customer: expected a name without colon"),
        ("walk_in_customer = ''", "acme.toml: walk_in_customer: string should have at least 1 character"),
        ("[gateways.x]\nmethod = ''", "acme.toml: gateways.x.method: string should have at least 1 character"),
        (
            "[gateways.'Gift Card']\ndeposit = 'Clearing'",
            "acme.toml: gateways: gift_card brings no money to deposit: it is redeemed from accounts.gift_cards",
        ),
        ("[gateways.a_b]\n[gateways.'A B']", "acme.toml: gateways: expected each gateway once"),
        (
            "[stripe]\nbooking_authority = 'both'",
            "acme.toml: stripe.booking_authority: input should be 'shop' or 'stripe'",
        ),
        (
            "[accounts]\nsales = { name = ' ' }",
            "acme.toml: accounts.sales.name: string should have at least 1 character",
        ),
        ("[accounts]\nsales = { sub_type = '' }", "acme.toml: accounts.sales.sub_type: string should have at least 1"),
        (
            "[gateways.paypal]\nbooked_by = 'stripe'",
            'acme.toml: gateways.paypal.booked_by: expected "shop", or gateways.stripe.booked_by = "stripe"',
        ),
        (
            "[stripe]\nbooking_authority = 'stripe'\n[gateways.stripe]\nbooked_by = 'stripe'",
            'acme.toml: stripe.booking_authority: expected "shop" where gateways.stripe.booked_by = "stripe"',
        ),
        ("[customers]\npolicy = 'shop'", "acme.toml: customers.policy: input should be 'person', 'channel' or 'one'"),
        ("[privacy]\ncontact = 'perhaps'", "acme.toml: privacy.contact: input should be a valid boolean"),
        ("[privacy]\nphone = false", "acme.toml: privacy.phone: no such rule"),
        (
            "[orders]\npost_when = 'sent'",
            "acme.toml: orders.post_when: input should be 'placed', 'paid'",
        ),
        ("[[items.accounts]]\nvendor = 'x'", "acme.toml: items.accounts.0.income: field required"),
        (
            "[[items.accounts]]\nincome = 'x'",
            "acme.toml: items.accounts.0: expected at least one of product_type, vendor, sku_prefix, shop",
        ),
        (
            "[[items.accounts]]\nincome = 7\nvendor = 'x'",
            "acme.toml: items.accounts.0.income: expected an account name",
        ),
        ("[accounts]\nreturns = ''", "acme.toml: accounts.returns: expected an account name"),
        ("[shops.a]\nclass = 'x'", "acme.toml: shops.a.class: no such rule"),
        ("[shops.a]\n[shops.A]", "acme.toml: shops: expected each shop once"),
        (
            "[shops.a.accounts]\nopening_receivables = 'x'",
            "acme.toml: shops.a.accounts: accounts.opening_receivables is the whole company's",
        ),
        (
            "[shops.a.gateways.gift_card]\ndeposit = 'x'",
            "acme.toml: shops: gift_card brings no money to deposit",
        ),
        ("[shops.a.gateways.a_b]\n[shops.a.gateways.'A B']", "acme.toml: shops: expected each gateway once"),
        ("[[tracking]]\nshop = 'x'", "acme.toml: tracking.0: expected a class, a location or both"),
        ("[[tracking]]\npos_location = ''\nclass = 'x'", "acme.toml: tracking.0.pos_location: string should have"),
        ("[exchange_rates]\neur = '1'", "acme.toml: exchange_rates: expected three capital letters"),
        ("[exchange_rates]\nEUR = '0'", "acme.toml: exchange_rates.EUR: input should be greater than 0"),
        ("shop_domains = ['x']", "acme.toml: shop_domains: expected in the company's own configuration"),
    ],
)
def test_mistake_is_one_sentence(text: str, said: str) -> None:
    """The file, the key, and what is expected there."""
    with pytest.raises(ConfigurationError) as caught:
        load_rules(text, source="acme.toml")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("gateway", "name"), [("Shopify Payments", "Shopify Payments clearing"), ("stripe", "Stripe clearing")]
)
def test_money_that_is_paid_out_is_cleared(gateway: str, name: str) -> None:
    """The bridge makes the account, unless it may make none; a rule for the gateway or for all says otherwise."""
    default = deposit_account(MappingRules(), gateway)
    assert (default.name, default.made and default.made.account_type) == (name, "Other Current Asset")
    named = load_rules(f'[gateways."{gateway}"]\ndeposit = "{name}"')
    assert deposit_account(named, gateway) == default
    assert deposit_account(MappingRules(create_accounts=False), gateway).made is None
    assert deposit_account(load_rules('[accounts]\ndeposit = "Bank"'), gateway).name == "Bank"
    assert deposit_account(load_rules(f'[gateways."{gateway}"]\ndeposit = "Own"'), gateway).made is None
