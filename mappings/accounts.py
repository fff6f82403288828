"""Accounts by role: the rule's, else the company's own by type, else one that the bridge creates once.

Gift cards sold, tips, duties and tax that others remit have no honest default by type (the only OtherCurrentLiability
may be a loan), so the bridge creates `Gift cards`, `Tips`, `Duties` and `Marketplace tax` as current liabilities unless
a rule names an account.
"""

from __future__ import annotations

from typing import Literal

from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import AccountDraft, AccountSelector
from mappings.account_rule import AccountRule
from mappings.rules import MappingRules, gateway_key

Role = Literal[
    "deposit",
    "discount",
    "fees",
    "sales",
    "shipping",
    "additional_fees",
    "rounding",
    "refunds",
    "disputes",
    "dispute_fees",
    "bad_debts",
    "payouts",
]
LiabilityRole = Literal["gift_cards", "tips", "duties", "marketplace_tax"]

# AccountSubTypes of QBO's chart (API reference, Account; resolved by type because Ids are a company's own).
_SUB_TYPES: dict[Role, str] = {
    "deposit": "UndepositedFunds",
    "discount": "DiscountsRefundsGiven",
    "fees": "BankCharges",
    "sales": "SalesOfProductIncome",
    "shipping": "SalesOfProductIncome",
    "additional_fees": "SalesOfProductIncome",
    "rounding": "SalesOfProductIncome",
    "refunds": "DiscountsRefundsGiven",
    "disputes": "DiscountsRefundsGiven",
    "dispute_fees": "BankCharges",
    "bad_debts": "BadDebts",
    "payouts": "Checking",
}
_PREFERENCES: dict[Role, str] = {"discount": "DefaultDiscountAccount"}
_AMONG: dict[Role, str] = {"refunds": "DefaultDiscountAccount", "disputes": "DefaultDiscountAccount"}
"""Where several accounts fit, the one that the company has chosen for discounts."""
_CREATED: dict[LiabilityRole, str] = {
    "gift_cards": "Gift cards",
    "tips": "Tips",
    "duties": "Duties",
    "marketplace_tax": "Marketplace tax",
}


def account(rules: MappingRules, role: Role) -> AccountSelector:
    """The account of `role`."""
    if role == "payouts":
        return _bank(rules)
    chosen: AccountRule | None = getattr(rules.accounts, role)
    if role == "dispute_fees" and chosen is None:
        return account(rules, "fees")
    key = f"accounts.{role}"
    if chosen is not None:
        return chosen.selector(key)
    return AccountSelector(
        rule=key, preference=_PREFERENCES.get(role), sub_type=_SUB_TYPES[role], among=_AMONG.get(role)
    )


def returns_account(rules: MappingRules) -> AccountSelector | None:
    """Where returned goods go apart from sales; None where they take back what their items sold."""
    return rules.accounts.returns.selector("accounts.returns") if rules.accounts.returns else None


def item_income(
    rules: MappingRules, product_type: str | None, vendor: str | None, sku: str | None
) -> tuple[AccountSelector | None, bool]:
    """The income account that `[[items.accounts]]` has for a product, and whether it is so for this shop alone.

    None where no rule fits: then it is `accounts.sales`. The first rule that fits counts.
    """
    for number, rule in enumerate(rules.items.accounts, start=1):
        if rule.fits(product_type, vendor, sku, rules.channel):
            return rule.income.selector(f"items.accounts {number} income"), rule.shop is not None
    return None, False


def _bank(rules: MappingRules) -> AccountSelector:
    """The bank account of payouts; among several nothing says which one it is."""
    chosen = rules.payouts.bank or rules.accounts.payouts
    if chosen is not None:
        return chosen.selector("payouts.bank" if rules.payouts.bank else "accounts.payouts")
    return AccountSelector(rule="payouts.bank", sub_type=_SUB_TYPES["payouts"])


def liability(rules: MappingRules, role: LiabilityRole) -> AccountSelector | SourceKey:
    """The account of money that is owed on, or the key of the one that the plan must create."""
    chosen: AccountRule | None = getattr(rules.accounts, role)
    if chosen is not None:
        return chosen.selector(f"accounts.{role}")
    if not rules.create_accounts:
        raise UnmappableEvent(
            f"no account for {_CREATED[role].lower()}: set accounts.{role}, or create_accounts = true"
        )
    return SourceKey("qbb", "account", _CREATED[role])


def ensure_account(key: SourceKey) -> PostingStep:
    """The step that creates an account of `liability` once."""
    draft = AccountDraft(name=key.id, account_type="Other Current Liability", sub_type="OtherCurrentLiabilities")
    return PostingStep(key=key, entity="Account", intent=Intent.ENSURE, draft=draft, name=f"account {key.id}")


CLEARING = {"shopify_payments": "Shopify Payments clearing", "stripe": "Stripe clearing"}
"""Processors that pay out with their rows: what they hold for the company lies in an account of its own."""


def deposit_account(rules: MappingRules, gateway: str | None) -> AccountSelector:
    """Where the money of a gateway goes: by its own rule, by `accounts.deposit`, else to where it is cleared."""
    chosen, rule = rules.gateway(gateway).deposit, f"gateways.{gateway}.deposit"
    cleared = CLEARING.get(gateway_key(gateway))
    if chosen is not None and chosen.name != cleared:
        return chosen.selector(rule)
    if cleared is None or (chosen is None and rules.accounts.deposit is not None):
        return account(rules, "deposit")
    return _made(rules, rule, cleared, "Other Current Asset", "OtherCurrentAssets")


def _made(rules: MappingRules, rule: str, name: str, account_type: str, sub_type: str) -> AccountSelector:
    """The account of this name, which the bridge makes where the company has none and the rules let it."""
    made = AccountDraft(name=name, account_type=account_type, sub_type=sub_type) if rules.create_accounts else None
    return AccountSelector(rule=rule, name=name, made=made)


RESERVES = "Payment reserves"


def row_account(rules: MappingRules, kind: str, ident: str) -> AccountSelector:
    """Where a payout's row of this type belongs that is no money of a sale. UnmappableEvent naming the missing rule."""
    rule = f"payouts.rows.{kind}"
    chosen = rules.payouts.rows.get(kind)
    if chosen is not None and chosen.name != RESERVES:
        return chosen.selector(rule)
    if chosen is None and rules.accounts.payout_other is not None:
        return rules.accounts.payout_other.selector("accounts.payout_other")
    if chosen is None and kind != "reserve":
        raise UnmappableEvent(f"no account for {ident}, a row of type {kind}: set the rule {rule}")
    return _made(rules, rule, RESERVES, "Other Current Asset", "OtherCurrentAssets")


def exchange_differences(rules: MappingRules) -> AccountSelector:
    """Where a processor's rate differs from that of the books; by default what QuickBooks itself keeps for it."""
    chosen = rules.accounts.exchange
    if chosen is not None:
        return chosen.selector("accounts.exchange")
    return AccountSelector(rule="accounts.exchange", sub_type="ExchangeGainOrLoss")


def liability_line(rules: MappingRules, role: LiabilityRole) -> AccountSelector:
    """The liability of `role` as the account of a line; one of the bridge's own is made with the document."""
    chosen: AccountRule | None = getattr(rules.accounts, role)
    rule, name = f"accounts.{role}", _CREATED[role]
    if chosen is not None and chosen.name != name:
        return chosen.selector(rule)
    return _made(rules, rule, name, "Other Current Liability", "OtherCurrentLiabilities")
