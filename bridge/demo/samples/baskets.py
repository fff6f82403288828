"""The arithmetic of a sample order: lines, discounts, delivery, taxes and tip that add up exactly.

Discounts are allocated to lines with the rounding remainder on some line, taxes are rounded line by line, and prices
have their tax inside where the shop's do: as Shopify does it, so that the identity of a real order holds here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from bridge.demo.samples.catalogue import (
    CUSTOM_TITLES,
    GIFT_CARDS,
    PRODUCTS,
    SHIPPING,
    TAXES,
    VALUE_ADDED_TAX,
    SampleProduct,
    TaxRates,
)
from contracts.money import decimals_of, round_half_up, split, total


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax on one line, rounded."""

    title: str
    rate: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketLine:
    """One sold line."""

    product: SampleProduct
    quantity: int
    price: Decimal
    discount: Decimal = Decimal(0)
    taxes: tuple[Tax, ...] = ()

    @property
    def gross(self) -> Decimal:
        """Before discount."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One way of delivery."""

    title: str
    price: Decimal
    discount: Decimal = Decimal(0)
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """Everything that an order costs."""

    currency: str
    taxes_included: bool
    lines: tuple[BasketLine, ...]
    deliveries: tuple[Delivery, ...]
    tip: Decimal = Decimal(0)
    discount_code: str | None = None

    @property
    def gross(self) -> Decimal:
        """All lines before discount."""
        return total(line.gross for line in self.lines)

    @property
    def line_discount(self) -> Decimal:
        """What the discount takes off the lines."""
        return total(line.discount for line in self.lines)

    @property
    def delivery_discount(self) -> Decimal:
        """What the discount takes off the delivery."""
        return total(delivery.discount for delivery in self.deliveries)

    @property
    def delivery(self) -> Decimal:
        """Delivery after discount."""
        return total(delivery.price for delivery in self.deliveries) - self.delivery_discount

    @property
    def taxes(self) -> tuple[Tax, ...]:
        """Every tax line."""
        of_lines = (tax for line in self.lines for tax in line.taxes)
        of_deliveries = (tax for delivery in self.deliveries for tax in delivery.taxes)
        return (*of_lines, *of_deliveries)

    @property
    def tax(self) -> Decimal:
        """All tax, inside the prices or beside them."""
        return total(tax.price for tax in self.taxes)

    @property
    def total(self) -> Decimal:
        """What the buyer owes."""
        added_tax = Decimal(0) if self.taxes_included else self.tax
        return self.gross - self.line_discount + self.delivery + added_tax + self.tip


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketMix:
    """How often each thing happens, from 0 (never) to 1 (always)."""

    taxes_included: float = 0.15
    discount: float = 0.3
    free_delivery_code: float = 0.05
    everything_free: float = 0.01
    custom_line: float = 0.06
    gift_card: float = 0.05
    tip: float = 0.08
    no_delivery: float = 0.15


def draw_basket(chance: Random, currency: str, mix: BasketMix) -> Basket:
    """A basket by chance."""
    places = decimals_of(currency)
    included = chance.random() < mix.taxes_included
    rates = VALUE_ADDED_TAX if included else chance.choice(TAXES)
    lines = _draw_lines(chance, places, mix)
    deliveries = () if chance.random() < mix.no_delivery else (_draw_delivery(chance, places),)
    basket = Basket(
        currency=currency,
        taxes_included=included,
        lines=lines,
        deliveries=deliveries,
        tip=_draw_tip(chance, places) if chance.random() < mix.tip else Decimal(0),
    )
    return _taxed(_discounted(chance, basket, mix, places), rates, places)


def _draw_lines(chance: Random, places: int, mix: BasketMix) -> tuple[BasketLine, ...]:
    products: list[SampleProduct] = chance.choices(PRODUCTS, k=chance.choice((1, 1, 1, 2, 2, 3, 4, 6)))
    if chance.random() < mix.custom_line:
        price = Decimal(chance.randrange(500, 20_000)) / 100
        products.append(SampleProduct(id=None, title=chance.choice(CUSTOM_TITLES), variant=None, sku=None, price=price))
    if chance.random() < mix.gift_card:
        products.append(chance.choice(GIFT_CARDS))
    quantities = chance.choices((1, 2, 3, 12), weights=(75, 15, 8, 2), k=len(products))
    return tuple(
        BasketLine(product=product, quantity=quantity, price=round_half_up(product.price, places))
        for product, quantity in zip(products, quantities, strict=True)
    )


def _draw_delivery(chance: Random, places: int) -> Delivery:
    title, price = chance.choice(SHIPPING)
    return Delivery(title=title, price=round_half_up(price, places))


def _draw_tip(chance: Random, places: int) -> Decimal:
    return round_half_up(Decimal(chance.randrange(100, 1_500)) / 100, places)


def _discounted(chance: Random, basket: Basket, mix: BasketMix, places: int) -> Basket:
    """One code at most; gift cards are never discounted."""
    if chance.random() < mix.everything_free:
        percent, code = Decimal(1), "ON-THE-HOUSE"
        freed = tuple(replace(delivery, discount=delivery.price) for delivery in basket.deliveries)
        basket = replace(basket, deliveries=freed, tip=Decimal(0))
    elif chance.random() < mix.free_delivery_code:
        freed = tuple(replace(delivery, discount=delivery.price) for delivery in basket.deliveries)
        return replace(basket, deliveries=freed, discount_code="FREESHIP")
    elif chance.random() < mix.discount:
        percent, code = chance.choice(
            ((Decimal("0.1"), "TEN"), (Decimal("0.15"), "AUTUMN15"), (Decimal("0.3333"), "THIRD"))
        )
    else:
        return basket
    open_to_it = [Decimal(0) if line.product.gift_card else line.gross for line in basket.lines]
    off = round_half_up(total(open_to_it) * percent, places)
    return replace(basket, lines=_allocated(basket.lines, off, open_to_it, places), discount_code=code)


def _allocated(
    lines: tuple[BasketLine, ...], off: Decimal, weights: Sequence[Decimal], places: int
) -> tuple[BasketLine, ...]:
    if off == 0:
        return lines
    parts = split(off, weights, places)
    return tuple(replace(line, discount=part) for line, part in zip(lines, parts, strict=True))


def _taxed(basket: Basket, rates: TaxRates, places: int) -> Basket:
    def taxes(amount: Decimal) -> tuple[Tax, ...]:
        divisor = 1 + total(rate for _, rate in rates) if basket.taxes_included else Decimal(1)
        return tuple(Tax(title, rate, round_half_up(amount * rate / divisor, places)) for title, rate in rates)

    lines = tuple(
        replace(line, taxes=taxes(line.gross - line.discount)) if line.product.taxable else line
        for line in basket.lines
    )
    deliveries = tuple(
        replace(delivery, taxes=taxes(delivery.price - delivery.discount)) for delivery in basket.deliveries
    )
    return replace(basket, lines=lines, deliveries=deliveries)
