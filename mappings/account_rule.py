"""How the rules say an account, and where every kind of money goes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, StringConstraints

from contracts.quickbooks import AccountSelector


class FrozenRule(BaseModel):
    """A part of the rules: it never changes, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class AccountRule(FrozenRule):
    """An account by exactly one of its Id, its fully qualified name, or its AccountSubType; a bare string is a name."""

    id: Said | None = None
    name: Said | None = None
    sub_type: Said | None = None
    _of_shop: str | None = PrivateAttr(default=None)

    def selector(self, rule: str) -> AccountSelector:
        """The same choice in the words of the drafts; `rule` is the key that a person would change."""
        said = f'shops."{self._of_shop}".{rule}' if self._of_shop else rule
        return AccountSelector(rule=said, id=self.id, name=self.name, sub_type=self.sub_type)

    @property
    def of_shop(self) -> str | None:
        """The shop whose own choice it is, None for the company's."""
        return self._of_shop

    def for_shop(self, shop: str) -> AccountRule:
        """The same as the choice of one shop."""
        found = self.model_copy()
        found._of_shop = shop  # noqa: SLF001 - its own
        return found


def _account(value: object) -> object:
    if isinstance(value, AccountRule):
        return value
    if isinstance(value, str) and value.strip():
        return {"name": value.strip()}
    if isinstance(value, dict) and len(value) == 1:
        return value
    raise ValueError('expected an account name, or one of { id = "…" }, { name = "…" }, { sub_type = "…" }')


Account = Annotated[AccountRule, BeforeValidator(_account)]


class Accounts(FrozenRule):
    """Where things go. What is absent is resolved from the company's own chart, or created (`create_accounts`)."""

    deposit: Account | None = None
    discount: Account | None = None
    fees: Account | None = None
    sales: Account | None = None
    returns: Account | None = None
    shipping: Account | None = None
    additional_fees: Account | None = None
    rounding: Account | None = None
    refunds: Account | None = None
    disputes: Account | None = None
    bad_debts: Account | None = None
    payouts: Account | None = None
    payout_other: Account | None = None
    gift_cards: Account | None = None
    tips: Account | None = None
    duties: Account | None = None
    marketplace_tax: Account | None = None
    dispute_fees: Account | None = None
    opening_receivables: Account | None = None
    opening_clearing: Account | None = None
    exchange: Account | None = None
    opening_gift_cards: Account | None = None
