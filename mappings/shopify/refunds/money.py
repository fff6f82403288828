"""The money of a refund: what went back through which gateway, for what, and what was only taken off the debt.

goods + tax + shipping + duties - what was kept = what moved: it holds for every real refund that was looked at. Rows
"refund_discrepancy" say what was kept (positive) or handed back beyond the goods (negative); with the reason "Pending
refund discrepancy" they say that goods were taken back whose money was not.

Whether prices hold their taxes a refund does not say: the reading with which its own figures agree is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from contracts.errors import UnbalancedDocument, UndecodableRecord
from contracts.money import decimals_of, plain, round_half_up, split, total
from contracts.shopify import OrderAdjustment, Refund, ShippingLine, TaxLine, Transaction, true_id
from mappings.rules import gateway_key
from mappings.shopify.amounts import AmountPart, named_taxes, remitted_in
from mappings.shopify.refunds.parts import (
    Side,
    TaxIncluded,
    by_others,
    is_pending,
    is_shipping,
    refund_parts,
    require_taxes,
    row_money,
    share_of,
    value,
)
from mappings.shopify.refunds.taxes_inside import inside_by_rates
from mappings.shopify.rounding import rounded_by

MOVED = "success"
READINGS = (
    TaxIncluded(lines=False, adjustments=False),
    TaxIncluded(lines=True, adjustments=True),
    TaxIncluded(True, False),
    TaxIncluded(lines=False, adjustments=False, duties=True),
    TaxIncluded(lines=True, adjustments=True, duties=True),
)


@dataclass(frozen=True, slots=True)
class Share:
    """What goes back through one gateway; `parts` come to `amount`, tax included. Not `settled`: some is on its way."""

    gateway: str
    amount: Decimal
    parts: tuple[AmountPart, ...]
    settled: bool
    transactions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundMoney:
    """A refund taken apart: `shares` in the order of their gateways, `credit` for what no money was handed back.

    `failed` is true when money was meant to move and did not, `unclear` when only the order can say what it means.
    The amounts of parts are without tax, in `currency`. Told inside its order: `kept` is what of the goods' worth moved
    no money and no row explains, `plain` money without goods and rows, `paid_times` how often money that another refund
    handed back paid a part of its credit, `overpaid` what of it the customer had paid too much. `corrections` are
    receipts of nothing by name, which move revenue where it belongs.
    """

    currency: str
    shares: tuple[Share, ...] = ()
    credit: tuple[AmountPart, ...] = ()
    failed: bool = False
    unclear: bool = False
    kept: Decimal = Decimal(0)
    plain: bool = False
    paid_times: int = 0
    overpaid: Decimal = Decimal(0)
    corrections: tuple[tuple[str, tuple[AmountPart, ...]], ...] = ()

    @property
    def taken_off(self) -> Decimal:
        """By how much the refund lowers the sale."""
        return value([part for share in self.shares for part in share.parts if part.kind != "rounding"]) + value(
            self.credit
        )

    @property
    def has_moved(self) -> bool:
        """True when some money moved, and none of it is still on its way."""
        return bool(self.shares) and all(share.settled for share in self.shares)


def refund_money(refund: Refund, currency: str, *, taxes_included: bool | None = None) -> RefundMoney:
    """`refund` taken apart; UnbalancedDocument when its parts are not what moved.

    `taxes_included` is what the order says, None when only the refund is at hand.
    """
    for name in ("transactions", "refund_line_items"):
        if refund.lacks(name):
            # because what is left out is not nothing: money moved, or goods came back with their tax
            raise UndecodableRecord(f"the refund has no {name}")
    moves = [row for row in refund.transactions if row.kind == "refund" and row.amount]
    live = [row for row in moves if row.is_live]
    if any(row.gateway is None for row in live):
        raise UndecodableRecord("money of the refund does not name its gateway")
    # because the transactions are what the bank sees, parts and rows must explain them and never the other way round
    if live:
        return _moved(refund, live, currency, taxes_included=taxes_included)
    # because money that did not move, for goods that did not come back, changes nothing in the books
    if moves and not _takes_goods_back(refund):
        return RefundMoney(currency=currency, failed=True)
    if refund.lacks("order_adjustments"):
        raise UndecodableRecord("the refund has no order_adjustments, and no money says what it comes to")
    inside = inside_by_rates(refund, currency) if taxes_included is None else taxes_included
    if inside is None:
        return RefundMoney(currency=currency, unclear=True)
    rows = _rows_without_money(refund)
    require_taxes(refund, rows)
    # "tax_amount" of an adjustment is added to its "amount" (REST reference, Refund), whatever the prices hold.
    parts = refund_parts(refund, rows, "shop_money", TaxIncluded(inside, adjustments=False))
    return RefundMoney(currency=currency, credit=parts)


def _takes_goods_back(refund: Refund) -> bool:
    """True when something came back whether its money moved or not; a row alone is about the money."""
    return bool(refund.refund_line_items or refund.refund_shipping_lines)


def _rows_without_money(refund: Refund) -> list[OrderAdjustment]:
    """The rows that lower what no money was handed back for.

    Shopify's pair for money to come (+X, and -X pending) is nothing in sum, so all rows count where a pending one is
    negative; a positive one says that goods are back and their money is not, which is the credit itself.
    """
    others = [row for row in refund.order_adjustments if not is_pending(row)]
    pending = total(amount for row in refund.order_adjustments if is_pending(row) for amount in row_money(row))
    rows = list(refund.order_adjustments) if pending < 0 else others
    goods = [row_money(row) for row in rows if not is_shipping(row)]
    if total(amount for amount, _ in goods) == total(tax for _, tax in goods) == 0:
        return [row for row in rows if is_shipping(row)]
    return rows


def _moved(refund: Refund, live: Sequence[Transaction], currency: str, *, taxes_included: bool | None) -> RefundMoney:
    side: Side = "presentment_money" if any(_is_foreign(row, currency) for row in live) else "shop_money"
    flow = total(_amount(row, side) for row in live)
    inside = _reading(refund, flow, side)
    if inside is None:
        return _unexplained(refund, live, flow, currency, taxes_included=taxes_included)
    unpaid = [row for row in refund.order_adjustments if is_pending(row)]
    rows = [row for row in refund.order_adjustments if row not in unpaid]
    left = total(amount for row in unpaid for amount in row_money(row))
    if left < 0:  # money of goods that an earlier row took back: a part of what moves like any other
        rows, left = list(refund.order_adjustments), Decimal(0)
    return _dealt(refund_parts(refund, rows, "shop_money", inside), left, live, side, currency)


def _dealt(
    parts: Sequence[AmountPart], left: Decimal, live: Sequence[Transaction], side: Side, currency: str
) -> RefundMoney:
    """`parts` on the gateways by what moved through each; `left` of them no money was handed back for."""
    groups: dict[str, list[Transaction]] = {}
    for row in sorted(live, key=lambda row: (gateway_key(row.gateway), row.id)):
        groups.setdefault(gateway_key(row.gateway), []).append(row)
    amounts: Sequence[Decimal] = [total(_amount(row, side) for row in group) for group in groups.values()]
    if side == "presentment_money":
        amounts = split(value(parts) - left, amounts, places_of(currency))
    credit, *filled = fill(parts, [left, *amounts], places_of(currency))
    shares = (
        _share(gateway, group, amount, share)
        for (gateway, group), amount, share in zip(groups.items(), amounts, filled, strict=True)
    )
    return RefundMoney(currency=currency, shares=tuple(shares), credit=credit)


def _reading(refund: Refund, flow: Decimal, side: Side) -> TaxIncluded | None:
    """The reading of its taxes by which the refund comes to what moved, None when none does."""
    found = [value(refund_parts(refund, refund.order_adjustments, side, inside)) for inside in READINGS]
    return READINGS[found.index(flow)] if flow in found else None


def _unexplained(
    refund: Refund, live: Sequence[Transaction], flow: Decimal, currency: str, *, taxes_included: bool | None
) -> RefundMoney:
    """A refund whose goods are not what moved: its order may say why, by what is left of its total.

    Money beyond the goods has no reading, and neither has money in another currency.
    """
    inside = TaxIncluded(bool(taxes_included), adjustments=False)
    parts = refund_parts(refund, refund.order_adjustments, "shop_money", inside)
    kept = value(parts) - flow
    is_shops = not any(_is_foreign(row, currency) for row in live)
    if not parts and not refund.order_adjustments and is_shops:
        if taxes_included is None:
            return RefundMoney(currency=currency, unclear=True)
        return replace(
            _dealt([AmountPart(kind="refund", amount=flow)], Decimal(0), live, "shop_money", currency), plain=True
        )
    if taxes_included is None or kept < 0 or not is_shops:
        side: Side = "shop_money" if is_shops else "presentment_money"
        found = value(refund_parts(refund, refund.order_adjustments, side, READINGS[0]))
        raise UnbalancedDocument(
            f"what the refund takes back adds up to {plain(found, currency)} {currency}, "
            f"the money handed back to {plain(flow, currency)} {currency}"
        )
    parts = (*parts, AmountPart(kind="refund", amount=-kept, title="Not handed back of what was returned"))
    return replace(_dealt(parts, Decimal(0), live, "shop_money", currency), kept=kept)


def fill(parts: Sequence[AmountPart], amounts: Sequence[Decimal], places: int) -> list[tuple[AmountPart, ...]]:
    """`parts` dealt out to `amounts` one after the other, the part at a boundary divided; nothing is rounded away.

    What was kept is dealt last, so it lies with the last amount.
    """
    waiting = [*(part for part in parts if value([part]) > 0), *(part for part in parts if value([part]) <= 0)]
    dealt: list[tuple[AmountPart, ...]] = []
    for amount in amounts[:-1]:
        share: list[AmountPart] = []
        while value(share) < amount and waiting:
            part = waiting.pop(0)
            missing = amount - value(share)
            if value([part]) > missing:
                part, rest = _divided(part, missing, places)
                waiting.insert(0, rest)
            share.append(part)
        dealt.append(tuple(share))
    return [*dealt, tuple(waiting)]


def _divided(part: AmountPart, amount: Decimal, places: int) -> tuple[AmountPart, AmountPart]:
    """The first `amount` of a part, tax included, and the rest; pieces cannot be divided, so neither names them."""
    tax = round_half_up(part.tax * amount / value([part]), places)
    by_others = tax if part.remitted == part.tax else round_half_up(part.remitted * amount / value([part]), places)
    first = replace(part, amount=amount - tax, tax=tax, remitted=by_others, quantity=None)
    rest = replace(
        part,
        amount=part.amount - first.amount,
        tax=part.tax - tax,
        remitted=part.remitted - by_others,
        quantity=None,
    )
    return first, rest


def all_by_others(money: RefundMoney) -> RefundMoney:
    """`money` of an order whose taxes another merchant of record remits."""
    shares = tuple(replace(share, parts=by_others(share.parts)) for share in money.shares)
    corrections = tuple((name, by_others(parts)) for name, parts in money.corrections)
    return replace(money, shares=shares, credit=by_others(money.credit), corrections=corrections)


def with_deliveries(money: RefundMoney, deliveries: Iterable[ShippingLine]) -> RefundMoney:
    """`money` with what `deliveries` that go back say of their tax: its names, and what a channel remits of it."""
    lines = [tax for delivery in deliveries for tax in delivery.tax_lines]
    if not lines:
        return money
    shares = tuple(replace(share, parts=_with_taxes(share.parts, lines)) for share in money.shares)
    return replace(money, shares=shares, credit=_with_taxes(money.credit, lines))


def _with_taxes(parts: Sequence[AmountPart], lines: Sequence[TaxLine]) -> tuple[AmountPart, ...]:
    """A channel remits its share of what was charged."""
    all_of_it, by_channel, names = total(tax.price for tax in lines), remitted_in(lines), named_taxes(lines)
    return tuple(
        replace(part, remitted=share_of(part.tax, by_channel, all_of_it), taxes=names)
        if part.kind == "shipping" and part.tax
        else part
        for part in parts
    )


def redealt(money: RefundMoney, parts: Sequence[AmountPart]) -> RefundMoney:
    """The same money for other `parts`, which come to the same."""
    rounding = [tuple(part for part in share.parts if part.kind == "rounding") for share in money.shares]
    amounts = [share.amount - value(part) for share, part in zip(money.shares, rounding, strict=True)]
    _, *filled = fill(parts, [Decimal(0), *amounts], places_of(money.currency))
    shares = (
        replace(share, parts=(*dealt, *part)) for share, dealt, part in zip(money.shares, filled, rounding, strict=True)
    )
    return replace(money, shares=tuple(shares), plain=False)


def _share(gateway: str, group: Sequence[Transaction], amount: Decimal, parts: tuple[AmountPart, ...]) -> Share:
    rounding = total(rounded_by(row) for row in group)
    extra = (AmountPart(kind="rounding", amount=rounding),) if rounding else ()
    return Share(
        gateway=gateway,
        amount=amount + rounding,
        parts=(*parts, *extra),
        settled=all(row.status == MOVED for row in group),
        transactions=tuple(str(true_id(row.id, row.admin_graphql_api_id)) for row in group if row.status == MOVED),
    )


def _is_foreign(row: Transaction, currency: str) -> bool:
    """True when only the customer's money is told, in another currency than the shop's."""
    money = row.amount_set and row.amount_set.shop_money
    return not money and row.currency is not None and row.currency != currency


def _amount(row: Transaction, side: Side) -> Decimal:
    money = row.amount_set and row.amount_set.shop_money if side == "shop_money" else None
    return money.amount if money else row.amount


def places_of(currency: str) -> int:
    """The decimals in which the books divide an amount."""
    return min(decimals_of(currency), 2)
