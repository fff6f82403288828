"""What one shop, or one Stripe account, has of its own beside the company's accounts."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from contracts.entities import PAYMENT_METHOD_NAME_MAX
from mappings.account_rule import Account, Accounts, FrozenRule

OF_ALL_SHOPS = ("opening_receivables", "opening_gift_cards", "payouts")
"""Accounts that a shop has none of its own of: the start of the books is the company's, a bank is `payouts.bank`."""


class ShopGateway(FrozenRule):
    """How a shop's money of one gateway is booked."""

    method: str | None = Field(default=None, min_length=1, max_length=PAYMENT_METHOD_NAME_MAX)
    deposit: Account | None = None


class ShopPayouts(FrozenRule):
    """Where a shop's payouts arrive."""

    bank: Account | None = None


class ShopRules(FrozenRule):
    """The accounts, gateways and bank of one shop; what it does not name is the company's."""

    accounts: Accounts = Accounts()
    gateways: dict[str, ShopGateway] = Field(default_factory=dict)
    payouts: ShopPayouts = ShopPayouts()

    @field_validator("accounts")
    @classmethod
    def _its_own(cls, value: Accounts) -> Accounts:
        for name in OF_ALL_SHOPS:
            if getattr(value, name) is not None:
                raise ValueError(f"accounts.{name} is the whole company's: name it outside of [shops]")
        return value


class ItemAccount(FrozenRule):
    """The income account of items of this pattern that the bridge makes: every part that is given must fit."""

    product_type: str | None = Field(default=None, min_length=1)
    vendor: str | None = Field(default=None, min_length=1)
    sku_prefix: str | None = Field(default=None, min_length=1)
    shop: str | None = Field(default=None, min_length=1)
    income: Account

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(part is None for part in (self.product_type, self.vendor, self.sku_prefix, self.shop)):
            raise ValueError("expected at least one of product_type, vendor, sku_prefix, shop")
        return self

    def fits(self, product_type: str | None, vendor: str | None, sku: str | None, shop: str | None) -> bool:
        """True when every part that is given fits, letter case aside."""
        said = ((self.product_type, product_type), (self.vendor, vendor), (self.shop, shop))
        whole = all(part is None or part.strip().casefold() == (is_ or "").strip().casefold() for part, is_ in said)
        prefix = (self.sku_prefix or "").casefold()
        return whole and (sku or "").strip().casefold().startswith(prefix)
