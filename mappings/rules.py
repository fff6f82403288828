"""The accounting choices of one company, as a frozen value; every choice has a default that needs no rules file.

The file is TOML (`deploy/rules.example.toml` documents each key). A rules value knows nothing of QBO: an account is
said by id, by name or by what it must be, and found when the step goes out.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Annotated, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from contracts.entities import DISPLAY_NAME_MAX, ITEM_NAME_MAX, LIST_NAME_MAX, PAYMENT_METHOD_NAME_MAX, TERM_NAME_MAX
from contracts.errors import ConfigurationError
from contracts.matching import MatchingMode
from contracts.posting import ClosedPeriod
from mappings.account_rule import Account, AccountRule, Accounts, FrozenRule
from mappings.names import legal_name
from mappings.shop_rules import ItemAccount, ShopRules


class PayoutRules(FrozenRule):
    """Which bank account payouts arrive in, what their other rows are, and which month their fees belong to."""

    bank: Account | None = None
    fees_by_month: bool = False
    rows: dict[str, Account] = Field(default_factory=dict)

    @field_validator("rows")
    @classmethod
    def _lower_case(cls, value: dict[str, AccountRule]) -> dict[str, AccountRule]:
        return {name.strip().lower(): rule for name, rule in value.items()}


class GatewayRule(FrozenRule):
    """How money of one gateway is booked, and from whose events: the shop's, or those of the company's own Stripe."""

    booked_by: Literal["shop", "stripe"] = "shop"
    method: str | None = Field(default=None, min_length=1, max_length=PAYMENT_METHOD_NAME_MAX)
    deposit: Account | None = None


class OrderRules(FrozenRule):
    """What becomes of an order that was paid at once: an invoice with its payment, or one sales receipt.

    `late_changes` says where a cancellation or reduction goes that a later month tells than that of the invoice;
    `post_when` what makes an order a sale.
    """

    document: Literal["invoice", "sales_receipt"] = "invoice"
    late_changes: Literal["in_place", "credit_memo"] = "in_place"
    post_when: Literal["placed", "paid", "fulfilled"] = "placed"


class CustomerRules(FrozenRule):
    """Who a buyer is in the books: with `match_names` also the customer that a person made under the buyer's name.

    `policy` makes one customer of each person, of each channel (a shop, a Stripe account), or of all; companies (B2B)
    are always their own.
    """

    match_names: bool = False
    policy: Literal["person", "channel", "one"] = "person"


class PrivacyRules(FrozenRule):
    """What of a buyer is written: what it typed on lines, and its name, e-mail address, phone and street."""

    line_properties: bool = True
    contact: bool = True


class MatchingRules(FrozenRule):
    """What becomes of an order that the books hold already without our marker, and how notes name orders."""

    mode: MatchingMode = "adopt"
    note_patterns: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()
    days: int = Field(default=7, ge=0, le=60)

    @field_validator("note_patterns")
    @classmethod
    def _with_a_group(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"expected a regular expression, and {pattern!r} is none: {error}") from None
            if not groups:
                raise ValueError(f"expected a group in {pattern!r}: what it holds is compared with the order")
        return value


class StripeRules(FrozenRule):
    """What is special about charges from the company's own Stripe account."""

    booking_authority: Literal["shop", "stripe"] = "shop"
    order_id_keys: tuple[str, ...] = ("shopify_order_id", "order_id")


class TaxRules(FrozenRule):
    """Which tax code stands for the taxes that a source names; `codes` by their titles, joined by " + "."""

    codes: dict[str, Annotated[str, Field(min_length=1, max_length=LIST_NAME_MAX)]] = Field(default_factory=dict)
    exempt: str | None = Field(default=None, min_length=1, max_length=LIST_NAME_MAX)


def _number_as_text(value: object) -> object:
    return str(value) if type(value) is int else value


class OrderPattern(FrozenRule):
    """Which orders are meant: every part that is given must fit.

    `shop` is a domain, `pos_location` the id of one of Shopify's locations, `country` the code of the country that the
    goods go to, else of the buyer's.
    """

    tag: str | None = Field(default=None, min_length=1)
    channel: str | None = Field(default=None, min_length=1)
    gateway: str | None = Field(default=None, min_length=1)
    shop: str | None = Field(default=None, min_length=1)
    pos_location: Annotated[str | None, BeforeValidator(_number_as_text)] = Field(default=None, min_length=1)
    country: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(getattr(self, name) is not None for name in OrderPattern.model_fields):
            raise ValueError(f"expected at least one of {', '.join(OrderPattern.model_fields)}")
        return self


class TrackingRule(OrderPattern):
    """The class and the location that orders of this pattern belong to."""

    tracking_class: str | None = Field(default=None, alias="class", min_length=1, max_length=LIST_NAME_MAX)
    location: str | None = Field(default=None, min_length=1, max_length=LIST_NAME_MAX)

    @model_validator(mode="after")
    def _gives_something(self) -> Self:
        if self.tracking_class is None and self.location is None:
            raise ValueError("expected a class, a location or both")
        return self


class ItemRules(FrozenRule):
    """Which item a sold product uses: one per SKU, one per product type, or one for all (`name`).

    `accounts` say the income account of those that the bridge makes, where it is not `accounts.sales`.
    """

    policy: Literal["sku", "product_type", "single"] = "sku"
    accounts: tuple[ItemAccount, ...] = ()
    name: str = Field(default="Shopify sales", min_length=1, max_length=ITEM_NAME_MAX)

    @field_validator("name")
    @classmethod
    def _legal(cls, value: str) -> str:
        if legal_name(value, ITEM_NAME_MAX) != value:
            raise ValueError("expected a name without colon, tab or line break")
        return value


FROM_LIABILITY = frozenset({"gift_card", "store_credit", "shopify_store_credit"})
"""Gateways that pay out of what the company owes already: gift cards, and store credit, which is owed just the same."""


@lru_cache(maxsize=1_000)
def gateway_key(name: str | None) -> str:
    """One spelling for `Shopify Payments`, `shopify-payments` and `shopify_payments`."""
    return re.sub(r"[\s-]+", "_", (name or "").strip().lower())


class MappingRules(FrozenRule):
    """Everything that mapping an event depends on beside the event itself."""

    time_zone: str = "UTC"
    books_start: date | None = None
    create_accounts: bool = True
    walk_in_customer: str = Field(default="Walk-in customer", min_length=1, max_length=DISPLAY_NAME_MAX)
    waiting_hours: int = Field(default=72, ge=1, le=720)
    closed_period: ClosedPeriod = "reject"
    accounts: Accounts = Accounts()
    gateways: dict[str, GatewayRule] = Field(default_factory=dict)
    payouts: PayoutRules = PayoutRules()
    customers: CustomerRules = CustomerRules()
    matching: MatchingRules = MatchingRules()
    privacy: PrivacyRules = PrivacyRules()
    orders: OrderRules = OrderRules()
    stripe: StripeRules = StripeRules()
    tax: TaxRules = TaxRules()
    items: ItemRules = ItemRules()
    tracking: tuple[TrackingRule, ...] = ()
    skip: tuple[OrderPattern, ...] = ()
    terms: dict[str, Annotated[str, Field(min_length=1, max_length=TERM_NAME_MAX)]] = Field(default_factory=dict)
    exchange_rates: dict[str, Annotated[Decimal, Field(gt=0)]] = Field(default_factory=dict)
    shops: dict[str, ShopRules] = Field(default_factory=dict)
    shop_domains: tuple[str, ...] = ()
    livemode_required: bool = False
    _channel: str | None = PrivateAttr(default=None)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError('expected an IANA time zone such as "America/Los_Angeles"') from None
        return value

    @field_validator("gateways")
    @classmethod
    def _one_spelling(cls, value: dict[str, GatewayRule]) -> dict[str, GatewayRule]:
        found = {gateway_key(name): rule for name, rule in value.items()}
        if len(found) != len(value):
            raise ValueError("expected each gateway once; two of the names mean the same gateway")
        for name in sorted(FROM_LIABILITY & found.keys()):
            if found[name].deposit is not None:
                raise ValueError(f"{name} brings no money to deposit: it is redeemed from accounts.gift_cards")
        return found

    @field_validator("shops")
    @classmethod
    def _each_shop_once(cls, value: dict[str, ShopRules]) -> dict[str, ShopRules]:
        found = {name.strip().casefold(): _in_one_spelling(rule) for name, rule in value.items()}
        if len(found) != len(value):
            raise ValueError("expected each shop once; two of the names mean the same shop")
        return found

    @field_validator("exchange_rates")
    @classmethod
    def _currency_codes(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        if not all(re.fullmatch(r"[A-Z]{3}", code) for code in value):
            raise ValueError("expected three capital letters for each currency")
        return value

    @field_validator("walk_in_customer")
    @classmethod
    def _legal(cls, value: str) -> str:
        if legal_name(value, DISPLAY_NAME_MAX) != value:
            raise ValueError("expected a name without colon, tab or line break")
        return value

    @model_validator(mode="after")
    def _all_money_is_booked_once(self) -> Self:
        """Money that Stripe's events bring is left out of the shop's: they must bring it, and not as a second sale."""
        left = [name for name, rule in self.gateways.items() if rule.booked_by == "stripe"]
        if left and self.gateway("stripe").booked_by != "stripe":
            raise ValueError(
                f'gateways.{left[0]}.booked_by: expected "shop", or gateways.stripe.booked_by = "stripe" beside it: '
                "else no event brings its money"
            )
        if left and self.stripe.booking_authority == "stripe":
            raise ValueError(
                'stripe.booking_authority: expected "shop" where gateways.stripe.booked_by = "stripe": '
                "else an order and its charge are booked as two sales"
            )
        return self

    @cached_property
    def version(self) -> str:
        """Ten hex digits that change with any rule; on every result."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:10]

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which times that are told in UTC become dates: Stripe's, and those of payouts' rows."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def lists(self) -> frozenset[str]:
        """The lists of the company whose entries the rules name: TaxCode, Class, Department, Term."""
        named = {
            "TaxCode": self.tax.codes or self.tax.exempt,
            "Class": any(rule.tracking_class for rule in self.tracking),
            "Department": any(rule.location for rule in self.tracking),
            "Term": self.terms,
        }
        return frozenset(entity for entity, mentioned in named.items() if mentioned)

    def for_company(self, *, shop_domains: tuple[str, ...], livemode_required: bool) -> MappingRules:
        """These rules with what the company's own configuration says."""
        domains = tuple(domain.lower() for domain in shop_domains if domain != "default")
        kept = {name: getattr(self, name) for name in type(self).model_fields}  # a copy would keep the old version
        return MappingRules(**{**kept, "shop_domains": domains, "livemode_required": livemode_required})

    def of_event(self, system: str, account: str | None) -> MappingRules:
        """These rules for an event of `system` and of its shop or account `account`."""
        channel = account.strip().casefold() if account else None
        if channel is None and system == "shopify" and len(self.shop_domains) == 1:
            channel = self.shop_domains[0]  # because a bare body is of the only shop that there is
        known = self._by_channel.get(channel)
        if known is None:
            known = self.model_copy(update=self._of_shop(channel))
            known._channel = channel  # noqa: SLF001 - its own
            if channel in {None, *self.shop_domains, *self.shops}:
                self._by_channel[channel] = known
        return known

    @cached_property
    def _by_channel(self) -> dict[str | None, MappingRules]:
        return {}

    def changed(self, **values: object) -> MappingRules:
        """The same rules with other values, and with nothing kept that was worked out from those of before."""
        found = self.model_copy(update=values)
        for worked_out in set(found.__dict__) - set(type(self).model_fields):
            del found.__dict__[worked_out]
        return found

    def of_each_shop(self) -> tuple[MappingRules, ...]:
        """These rules, and as they are for each shop that has something of its own."""
        return (self, *(self.of_event("", shop) for shop in sorted(self.shops)))

    def _of_shop(self, channel: str | None) -> dict[str, object]:
        """What changes for one shop: its own accounts, gateways and bank in the place of the company's."""
        own = self.shops.get(channel or "")
        if own is None or channel is None:
            return {}
        bank = own.payouts.bank
        gateways = {name: _merged(self.gateway(name), rule, channel) for name, rule in own.gateways.items()}
        return {
            "accounts": _merged(self.accounts, own.accounts, channel),
            "gateways": {**self.gateways, **gateways},
            "payouts": self.payouts.model_copy(update={"bank": bank.for_shop(channel)} if bank else {}),
        }

    @property
    def channel(self) -> str | None:
        """The shop or account of the event at hand, in lower case; None where it says none."""
        return self._channel

    @cached_property
    def plain(self) -> MappingRules:
        """The same without what adds to a form or takes from it; itself where there is nothing of that kind."""
        bare = MappingRules()
        if all(getattr(self, name) == getattr(bare, name) for name in _ADDED_TO_FORMS):
            return self
        return self.model_copy(update={name: getattr(bare, name) for name in _ADDED_TO_FORMS})

    def gateway(self, name: str | None) -> GatewayRule:
        """The rule for a payment gateway, an empty one when there is none."""
        return self.gateways.get(gateway_key(name), _NO_RULE)


_NO_RULE = GatewayRule()
_ADDED_TO_FORMS = (
    "accounts",
    "create_accounts",
    "customers",
    "exchange_rates",
    "items",
    "privacy",
    "shops",
    "tax",
    "terms",
    "tracking",
)
_OF_THE_COMPANY = ("shop_domains", "livemode_required")


def _in_one_spelling(rule: ShopRules) -> ShopRules:
    gateways = {gateway_key(name): each for name, each in rule.gateways.items()}
    if len(gateways) != len(rule.gateways):
        raise ValueError("expected each gateway once; two of the names mean the same gateway")
    for name in sorted(FROM_LIABILITY & gateways.keys()):
        raise ValueError(f"{name} brings no money to deposit: it is redeemed from accounts.gift_cards")
    return rule.model_copy(update={"gateways": gateways})


R = TypeVar("R", bound=FrozenRule)


def _merged(ours: R, own: FrozenRule, shop: str) -> R:
    """The company's rules with what a shop has of its own."""
    said = {name: getattr(own, name) for name in type(own).model_fields}
    given = {name: value for name, value in said.items() if value is not None}
    named = {name: each.for_shop(shop) if isinstance(each, AccountRule) else each for name, each in given.items()}
    return ours.model_copy(update=named)


def load_rules(text: str, *, source: str = "rules") -> MappingRules:
    """The rules in a TOML text; ConfigurationError names `source`, the key and what is expected."""
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source}: not valid TOML: {error}") from None
    for key in _OF_THE_COMPANY:
        if key in table:
            raise ConfigurationError(f"{source}: {key}: expected in the company's own configuration, not in the rules")
    try:
        return MappingRules.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError(f"{source}: {_sentence(error)}") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(step) for step in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{key}: no such rule"
    if first["type"].startswith("date_"):
        return f"{key}: expected a day, such as 2026-11-01"
    cause = first.get("ctx", {}).get("error")
    said = str(cause) if cause else f"{first['msg'][0].lower()}{first['msg'][1:]}"
    return f"{key}: {said}" if key else said
