"""One transaction of ours as QBO last showed it, and what its lines are linked to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from bridge.index.sale_place import SalePlace
from contracts.entities import Entity, number, rows_in
from contracts.keys import SourceKey
from contracts.marker import MarkerField, age_in, amount_in, qbo_id_in, text_in
from contracts.posting import Version

VOIDED = "void"
"""The content hash in the marker of a document that the bridge itself voided."""


class Shipping(NamedTuple):
    """The three fields of a sales form that say how the goods went out; empty where it does not say."""

    tracking: str = ""
    ship_date: str = ""
    method: str = ""


NOT_SHIPPED = Shipping()


SAME = "same"
"""How a document was adopted whose total is the source's: it is ours like any other, and a person began it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One transaction of ours as QBO last showed it.

    `tax` is a form's sales tax. `marker_fields` are the pairs of its marker. `applied` is what a payment puts on its
    invoice, `lines` are all its lines that are linked to something and `elsewhere` those that a person linked to
    other documents. `form` is a sale's lines and tax, kept only where an update must repeat them, `place` where it
    was, None where the row did not say all. `deposit_to` is the account that money went to (of an entry: the one
    beside what it is for), `reference` the transaction that a refund receipt names; once `deposited` it lies on a
    deposit, which freezes it. `linked_to` are the Ids of the payments that are linked to an invoice or a credit memo,
    anybody's. `is_current` is false once something else (a payment that was linked) has changed the SyncToken unseen.
    `deleted`: QBO has it no more. `marked` is false for one of ours whose note has lost the marker; `marker_known` is
    false for one of those of which the record of Ids has no room for all that was written, `proven` for what is known
    by its marker alone.
    """

    entity: str
    key: SourceKey
    id: str
    sync_token: str
    total: Decimal
    currency: str | None
    customer_id: str | None
    doc_number: str | None = None
    balance: Decimal | None = None
    tax: Decimal | None = None
    marker_fields: Mapping[str, str] = field(default_factory=dict)
    applied: Decimal = Decimal(0)
    lines: tuple[Entity, ...] = ()
    elsewhere: tuple[Entity, ...] = ()
    txn_date: date | None = None
    exchange_rate: Decimal | None = None
    deposit_to: str | None = None
    reference: str | None = None
    deposited: bool = False
    linked_to: tuple[str, ...] = ()
    form: Entity | None = None
    place: SalePlace | None = None
    shipping: Shipping = NOT_SHIPPED
    voided: bool = False
    human_note: str = ""
    is_current: bool = True
    marked: bool = True
    marker_known: bool = True
    proven: bool = True
    deleted: bool = False

    @property
    def version(self) -> Version | None:
        """The version of the source document that was last written, None when the marker names none."""
        age = age_in(self.marker_fields)
        return None if age is None else Version(*age, self.content or "")

    @property
    def content(self) -> str | None:
        """The digest of what was written last, `VOIDED` after a void of ours; None when the marker names none."""
        return text_in(self.marker_fields, MarkerField.CONTENT)

    @property
    def voided_by_us(self) -> bool:
        """True for a void that the source asked for, False for one that a person made."""
        return self.content == VOIDED

    @property
    def written(self) -> Decimal:
        """The total that we wrote last; the one in the books where the marker does not say."""
        written = amount_in(self.marker_fields, MarkerField.TOTAL)
        return self.total if written is None else written

    @property
    def total_unchanged(self) -> bool:
        """False when its total is no longer the one that we wrote, or when nobody knows what we wrote."""
        return self.written == self.total and self.marker_known

    @property
    def customer_changed(self) -> bool:
        """True when it is not with the customer that we wrote (`c` of the marker): a person moved or merged it."""
        return self.written_customer_id not in (None, self.customer_id)

    @property
    def written_customer_id(self) -> str | None:
        """The customer that we wrote; None when the marker names none."""
        return qbo_id_in(self.marker_fields, MarkerField.CUSTOMER)

    @property
    def was_adopted(self) -> bool:
        """True for a sale that a person made: its customer is theirs, and its money may be in the books as well."""
        return MarkerField.ADOPTED in self.marker_fields

    @property
    def is_left_as_it_is(self) -> bool:
        """True for what a person made and was adopted with another total, or by its Id alone: it is never changed."""
        return text_in(self.marker_fields, MarkerField.ADOPTED) not in (None, SAME)

    @property
    def stands_for(self) -> Decimal:
        """The money of the source that a payment stands for: more than its own amount where a person left a fee out."""
        said = amount_in(self.marker_fields, MarkerField.STANDS_FOR)
        return self.total if said is None else said

    @property
    def has_gift_cards(self) -> bool:
        """True for a form that gift cards paid a part of."""
        return MarkerField.GIFT_CARDS in self.marker_fields

    @property
    def is_application(self) -> bool:
        """True for a payment of nothing that puts a credit memo on an invoice, whatever its marker says of a total."""
        return self.entity == "Payment" and not self.total and not self.written and not self.voided_by_us

    @property
    def applied_elsewhere(self) -> Decimal:
        """What a payment gives to other invoices than its own."""
        return sum((linked(line, "Invoice") for line in self.elsewhere), Decimal(0))


def is_given_away(payment: Posted, sale: Posted | None) -> bool:
    """True for a payment that a person gave to another customer than that of its sale."""
    return payment.customer_changed and sale is not None and sale.customer_id != payment.customer_id


def put_on_its_invoice(payment: Posted) -> Decimal:
    """How much of a payment we put on its own invoice."""
    left_on = amount_in(payment.marker_fields, MarkerField.APPLIED)
    return payment.total if left_on is None else left_on


def off_its_invoice(payment: Posted) -> Decimal:
    """What of a payment is off its invoice, or on another one, although we had put it on its own."""
    return max(put_on_its_invoice(payment) - payment.applied, Decimal(0))


def taken_off_by_hand(payment: Posted, sale: Posted | None) -> Decimal:
    """What of a payment a person took off its invoice `sale`; nothing where that is not sure."""
    # because QBO itself takes off what is on an invoice that is void or goes to another customer
    stands = sale is not None and sale.entity == "Invoice" and not sale.voided and not sale.customer_changed
    known = payment.is_current and payment.total_unchanged and not payment.was_adopted and not payment.voided
    same = sale is not None and payment.customer_id == sale.customer_id
    return off_its_invoice(payment) if stands and known and same else Decimal(0)


def order_of(posted: Posted) -> SourceKey:
    """The order or charge that a payment or a credit is for: `o` of its marker, or the id that both share."""
    return order_named(posted.key, posted.marker_fields)


def order_named(key: SourceKey, fields: Mapping[str, str]) -> SourceKey:
    """The order or charge that what is written under `key` is for, by the pairs of its marker; else the key itself."""
    return sale_named(key, fields) or key


def sale_named(key: SourceKey, fields: Mapping[str, str]) -> SourceKey | None:
    """The same; None where the marker does not say."""
    if key.kind == "payment":
        return SourceKey(key.system, "invoice" if key.system == "stripe" else "order", key.id)
    *named, ident = (text_in(fields, MarkerField.SALE) or "").split(":")
    if len(named) > 1:
        return SourceKey(named[0], named[1], ident)
    return SourceKey(key.system, named[0] if named else "order", ident) if ident else None


def order_fact(sale: SourceKey, *, of: SourceKey) -> str:
    """What `o` in the marker of `of` says of its sale: the id of an order; kind and id of anything else.

    The sale of another source is said whole.
    """
    if sale.system != of.system:
        return str(sale)
    return sale.id if sale.kind == "order" else f"{sale.kind}:{sale.id}"


def ranked(posted: Posted, *others: Posted | None) -> list[Posted]:
    """The live ones of a marker by Id, the first of them first; where none lives the void that was made last."""
    known = {other.id: other for other in others if other is not None} | {posted.id: posted}
    live = [each for each in known.values() if not each.voided]
    return sorted(live, key=lambda each: token(each.id)) or [max(known.values(), key=lambda each: token(each.id))]


def linked_lines(body: Entity) -> tuple[Entity, ...]:
    """The lines of a payment as an update takes them: amount and links, without what QBO adds."""
    return tuple(
        {"Amount": line.get("Amount"), "LinkedTxn": links}
        for line in rows_in(body, "Line")
        if (links := [{name: link.get(name) for name in ("TxnId", "TxnType")} for link in line.get("LinkedTxn") or ()])
    )


def form_of(body: Entity) -> Entity:
    """A sale's lines and tax as an update takes them: without what QBO adds."""
    tax = body.get("TxnTaxDetail")
    kept = {name: tax[name] for name in ("TxnTaxCodeRef", "TotalTax", "TaxLine") if name in tax} if tax else {}
    return {
        "Line": [
            {name: value for name, value in line.items() if name not in ("LineEx", "LinkedTxn")}
            for line in rows_in(body, "Line")
            if line.get("DetailType") != "SubTotalLineDetail"
        ],
        "TxnTaxDetail": kept,
    } | {name: body[name] for name in ("GlobalTaxCalculation",) if name in body}


def shipping_of(body: Entity) -> Shipping:
    """How the goods went out, as the form says it."""
    method = body.get("ShipMethodRef")
    named = method.get("name") or method.get("value") if isinstance(method, Mapping) else None
    return Shipping(str(body.get("TrackingNum") or ""), str(body.get("ShipDate") or "")[:10], str(named or ""))


def day(text: object) -> date | None:
    """A date of QBO, None when it is none."""
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def split_by_invoice(payment: Posted, invoice_id: str) -> Posted:
    """`payment` with only what is on the invoice of this Id counted as applied."""
    own = [line for line in payment.lines if _links_to(line, "Invoice", invoice_id)]
    elsewhere = tuple(line for line in payment.lines if line not in own)
    applied = sum((linked(line, "Invoice") for line in own), Decimal(0))
    return replace(payment, applied=applied, elsewhere=elsewhere) if elsewhere else payment


def _links_to(line: Entity, txn_type: str, txn_id: str | None = None) -> bool:
    return any(link.get("TxnType") == txn_type and txn_id in (None, link.get("TxnId")) for link in line["LinkedTxn"])


def linked(line: Entity, txn_type: str) -> Decimal:
    """The amount of a line that is linked to this type, 0 for another."""
    amount = number(line.get("Amount"))
    return amount if amount is not None and _links_to(line, txn_type) else Decimal(0)


def token(text: object) -> int:
    """A SyncToken or an Id as the number that it is; -1 for anything else."""
    return int(str(text)) if str(text).isdigit() else -1
