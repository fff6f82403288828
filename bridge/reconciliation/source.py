"""What an order's newest body says of itself: its own total, its tax, what is outstanding, what was handed back. Pure.

Read from the body as it came and by no mapping, so that a mapping that is wrong is found. Where a body says that
something else is at play (edits, cash rounding, a cancellation) its figure is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bridge.decoding.decision import MappedRecord
from bridge.index.index import Index, Posted
from bridge.reconciliation.handed_back import HandedBack
from contracts.bodies import read_time
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import PostingPlan

ROUNDING = "total_cash_rounding_payment_adjustment_set"


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """One order by its newest body, in its own currency; None for what the body does not say plainly."""

    updated_at: datetime
    currency: str
    total: Decimal | None
    outstanding: Decimal | None
    tax: Decimal | None
    """The company's own: what a channel or a merchant of record remits is left out."""


class SourceOrders:
    """The newest figures of each order of a span, when its money moved last, and what its refunds handed back."""

    def __init__(self) -> None:
        self._figures: dict[SourceKey, SourceFigures] = {}
        self._moved_at: dict[SourceKey, datetime] = {}
        self._handed_back = HandedBack()

    def add(self, mapped: MappedRecord) -> None:
        """Take in a record of the company; what is no event of a Shopify order says nothing."""
        plan, envelope = mapped.decision, mapped.envelope
        if envelope is None or envelope.system != "shopify":
            return
        self._handed_back.add(envelope.event_type, envelope.body)
        if not isinstance(plan, PostingPlan):
            return
        if envelope.event_type.startswith("orders/") and plan.document.kind == "order":
            found = _figures(envelope.body)
            known = self._figures.get(plan.document)
            if found is not None and (known is None or known.updated_at <= found.updated_at):
                self._figures[plan.document] = found
        elif plan.lane.kind == "order" and (moment := _time(envelope.body.get("processed_at"))) is not None:
            self._moved_at[plan.lane] = max(moment, self._moved_at.get(plan.lane, moment))

    def difference(self, sale: Posted, index: Index, redeemed: Decimal) -> str:
        """How the books differ from what the source says of itself; "" where they do not, or nobody can tell."""
        figures = self._figures.get(sale.key)
        if figures is None or sale.voided or (sale.currency or figures.currency) != figures.currency:
            return ""
        if sale.version is not None and sale.version.updated_at > figures.updated_at.timestamp():
            return ""  # because a newer body than those that were read has changed it rightly
        moved_at = self._moved_at.get(sale.key)
        is_last_word = moved_at is None or moved_at < figures.updated_at
        for what, said, booked in _compared(figures, sale, index, redeemed, is_last_word=is_last_word):
            if said != booked:
                mine, theirs = (plain(each, figures.currency) for each in (booked, said))
                return f"the source says {theirs} {what}, the books say {mine}"
        return ""

    def refund_difference(self, receipt: Posted) -> str:
        """How a refund receipt differs from the money that its refund says was handed back; "" where it does not."""
        said = self._handed_back.amount(receipt.key, receipt.currency)
        if said is None or receipt.voided or receipt.currency is None or said == receipt.total:
            return ""
        mine, theirs = (plain(each, receipt.currency) for each in (receipt.total, said))
        return f"the source says {theirs} was handed back, the books say {mine}"


def _compared(
    figures: SourceFigures, sale: Posted, index: Index, redeemed: Decimal, *, is_last_word: bool
) -> Iterator[tuple[str, Decimal, Decimal]]:
    if figures.total is not None:
        yield "in all", figures.total, sale.total + redeemed
    if figures.tax is not None and sale.tax is not None:
        yield "of tax", figures.tax, sale.tax
    own = {each.id for each in (*index.payments_of(sale.key), *index.applications_of(sale.key))}
    # because what QBO or a person put on the invoice, or took off it, is known to the books alone
    is_ours = set(sale.linked_to) <= own and not index.voided_payments_of(sale.key)
    if figures.outstanding is not None and sale.balance is not None and is_last_word and is_ours:
        yield "outstanding", figures.outstanding, sale.balance


def _figures(body: Mapping[str, Any]) -> SourceFigures | None:
    updated_at, total = _time(body.get("updated_at")), _amount(body.get("total_price"))
    if updated_at is None or body.get("cancelled_at") is not None or total is None:
        return None
    is_as_placed = not _is_edited(body) and not _has_rounding(body)
    owing = _amount(body.get("total_outstanding"))
    return SourceFigures(
        updated_at=updated_at,
        currency=str(body.get("currency", "")),
        total=total if is_as_placed else None,
        outstanding=max(owing, Decimal(0))
        if is_as_placed and body.get("refunds") == [] and owing is not None
        else None,
        tax=_own_tax(body) if is_as_placed else None,
    )


def _own_tax(body: Mapping[str, Any]) -> Decimal | None:
    """The tax that the company owes; None where the tax lines are not the tax as charged, or do not say whose it is."""
    charged = _amount(body.get("total_tax"))
    rows = [*(body.get("line_items") or ()), *(body.get("shipping_lines") or ())]
    taxes = [tax for row in rows for tax in row.get("tax_lines") or ()]
    prices = [_amount(tax.get("price")) for tax in taxes]
    if charged is None or None in prices or sum((each for each in prices if each), Decimal(0)) != charged:
        return None
    if body.get("merchant_of_record_app_id") is not None:
        return Decimal(0)
    others = (price for tax, price in zip(taxes, prices, strict=True) if tax.get("channel_liable") and price)
    return charged - sum(others, Decimal(0))


def _is_edited(body: Mapping[str, Any]) -> bool:
    """True where pieces left the order in another way than by its refunds, or nobody says that none did."""
    if any(ship.get("is_removed") for ship in body.get("shipping_lines") or ()):
        return True
    back: dict[Any, int] = {}
    for refund in body.get("refunds") or ():
        for row in refund.get("refund_line_items") or ():
            back[row.get("line_item_id")] = back.get(row.get("line_item_id"), 0) + int(row.get("quantity") or 0)
    lines = body.get("line_items") or ()
    return any(
        line.get("current_quantity") not in {None, int(line.get("quantity") or 0) - back.get(line.get("id"), 0)}
        for line in lines
    )


def _has_rounding(body: Mapping[str, Any]) -> bool:
    money = (body.get(ROUNDING) or {}).get("shop_money") or {}
    return bool(_amount(money.get("amount")))


def updated_at(body: Mapping[str, Any]) -> int:
    """When a body says that its document was changed last, in seconds since the epoch; 0 where it does not."""
    moment = _time(body.get("updated_at"))
    return int(moment.timestamp()) if moment is not None else 0


def _amount(value: object) -> Decimal | None:
    try:
        return Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None


def _time(value: object) -> datetime | None:
    try:
        return read_time(value)
    except ValueError:
        return None
