"""Sales and what takes them back: the gift cards and the delivery on a form, receipts, credits and refunds."""

from __future__ import annotations

from typing import Any

from bridge.binding.forms import form_class, invoice_body, item_lines, tracked
from bridge.binding.lookups import Body, Lookups
from bridge.binding.tax import EXEMPT, form_tax
from bridge.index.posted import Posted
from bridge.index.sale_place import SalePlace, without_street
from bridge.planning.sale.redemptions import base_lines
from bridge.planning.steps import PlannedStep, Redeemed
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.posting import Operation
from contracts.quickbooks import (
    CreditMemoDraft,
    InvoiceDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
)

CARD_LINE = "Gift card redeemed"


def sale_body(lookups: Lookups, step: PlannedStep) -> Body:
    """An invoice or a sales receipt. UnmappableEvent when gift cards paid more than it asks for."""
    if step.total is not None and step.total < 0:
        raise UnmappableEvent(f"gift cards paid more than the sale asks for: {step.total} is left")
    return {**_content(lookups, step), **_shipping(step)}


def _content(lookups: Lookups, step: PlannedStep) -> Body:
    if step.operation is Operation.ADOPT:
        return {"PrivateNote": lookups.note(step), "TxnTaxDetail": _tax_as_it_stands(lookups, step)}
    match step.draft:
        case SalesReceiptDraft(sale=sale) as draft:
            return {**_form(lookups, step, sale), **_received(lookups, draft)}
        case InvoiceDraft() as sale:
            return _form(lookups, step, sale)
    if step.total is None or step.target is None or step.target.form is None:
        return {"PrivateNote": lookups.note(step)}
    return {**_lines_as_they_stand(lookups, step, step.target), "PrivateNote": lookups.note(step)}


def _lines_as_they_stand(lookups: Lookups, step: PlannedStep, posted: Posted) -> Body:
    """The lines and the tax of a form in the books, and the gift cards on it."""
    tax = _tax_as_it_stands(lookups, step)
    lines = _with_cards(lookups, step, base_lines(posted))
    return {**(posted.form or {}), "TxnTaxDetail": tax, "Line": lines}


def _tax_as_it_stands(lookups: Lookups, step: PlannedStep) -> Body | None:
    """The tax of what a person made: automated sales tax would otherwise compute it anew."""
    tax = step.target.form["TxnTaxDetail"] if step.target is not None and step.target.form is not None else None
    if tax and lookups.profile.country == "US":
        tax = {name: value for name, value in tax.items() if name != "TaxLine"}
    return dict(tax) if tax else None


def _form(lookups: Lookups, step: PlannedStep, sale: InvoiceDraft) -> Body:
    body = invoice_body(lookups, step, sale)
    if step.id.entity == "SalesReceipt":
        body = {name: value for name, value in body.items() if name not in ("DueDate", "SalesTermRef")}
    if step.keeps_lines and step.target is not None:
        return {**body, **_lines_as_they_stand(lookups, step, step.target)}
    return {**body, "Line": _with_cards(lookups, step, body["Line"])}


def _with_cards(lookups: Lookups, step: PlannedStep, lines: list[Any]) -> list[Any]:
    """The gift cards stand after what was sold and before the discount."""
    coded = any("TaxCodeRef" in line.get("SalesItemLineDetail", {}) for line in lines)
    cards = [_card_line(lookups, card, coded=coded) for card in step.redemptions]
    sold = [line for line in lines if "DiscountLineDetail" not in line]
    return [*sold, *cards, *(line for line in lines if "DiscountLineDetail" in line)]


def _card_line(lookups: Lookups, card: Redeemed, *, coded: bool) -> Body:
    if not isinstance(card.line, RedemptionDraft):
        return {**card.line, "Amount": -card.amount}
    detail: Body = {"ItemRef": {"value": lookups.item_id(card.line.item)}}
    if coded:
        us = lookups.profile.country == "US"
        detail["TaxCodeRef"] = {"value": "NON" if us else lookups.profile.tax_code_of(EXEMPT).id}
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": -card.amount,
        "Description": card.line.description or CARD_LINE,
        "SalesItemLineDetail": detail,
    }


def _shipping(step: PlannedStep) -> Body:
    if step.shipping is None:
        return {}
    tracking, ship_date, method = step.shipping
    return {
        "TrackingNum": tracking or None,
        "ShipDate": ship_date or None,
        "ShipMethodRef": {"value": method, "name": method} if method else None,
    }


def _received(lookups: Lookups, draft: SalesReceiptDraft | RefundReceiptDraft) -> Body:
    """Where the money is, and how it came or went."""
    method = lookups.profile.payment_methods.get((draft.method or "").casefold())
    return {
        "DepositToAccountRef": {"value": lookups.profile.account_id(draft.deposit_to)},
        "PaymentMethodRef": {"value": method} if method else None,
        "PaymentRefNum": draft.reference,
    }


def refund_body(lookups: Lookups, step: PlannedStep, draft: RefundReceiptDraft) -> Body:
    """Money handed back to the customer of the sale."""
    customer = _customer_of(lookups, draft.refund_of, draft)
    return {**_back(lookups, step, draft, customer, draft.refund_of), **_received(lookups, draft)}


def credit_body(lookups: Lookups, step: PlannedStep, draft: CreditMemoDraft) -> Body:
    """Taken off what the customer of the invoice owes."""
    customer = _customer_of(lookups, draft.credit_of, draft)
    if customer is None:
        raise UnmappableEvent(f"the customer of {draft.credit_of} is inactive in QuickBooks: make it active again")
    body = _back(lookups, step, draft, customer, draft.credit_of)
    return {**body, "Line": list(draft.copied), "TxnTaxDetail": draft.copied_tax} if draft.copied else body


def moved_body(lookups: Lookups, step: PlannedStep, key: SourceKey) -> Body:
    """A credit memo or refund receipt at the customer whom its sale has now; its lines and its tax stay."""
    sale = lookups.index.sale(key)
    if sale is None or sale.customer_id is None:
        raise UnmappableEvent(f"{key} is not in the books, so nobody says whose its refunds are")
    return {
        "CustomerRef": {"value": sale.customer_id},
        "TxnTaxDetail": _tax_as_it_stands(lookups, step),
        "PrivateNote": lookups.note(step, {MarkerField.CUSTOMER: sale.customer_id}),
    }


def _customer_of(lookups: Lookups, key: SourceKey, draft: RefundReceiptDraft | CreditMemoDraft) -> str | None:
    """Whose the sale `key` is; None when that customer is inactive and the draft names no other."""
    sale = lookups.index.sale(key)
    customer = sale.customer_id if sale else None
    dropped = customer is not None and lookups.index.customers.is_dropped(customer)
    if customer is not None and not dropped:
        return customer
    if draft.customer is not None:
        return lookups.customer_id(draft.customer, draft.currency)
    if not dropped:
        raise UnmappableEvent(f"{key} is not in the books, so nobody says whose refund it is")
    # Because the money went back whether or not its customer is still active: QBO takes a refund receipt without one.
    return None


def _back(
    lookups: Lookups,
    step: PlannedStep,
    draft: RefundReceiptDraft | CreditMemoDraft,
    customer: str | None,
    sale: SourceKey,
) -> Body:
    if not lookups.profile.can_book(draft.currency):
        raise UnmappableEvent(f"the refund is in {draft.currency} and multicurrency is off in QuickBooks")
    tax = form_tax(lookups.profile, draft.lines, draft.tax, draft.tax_code)
    sold = lookups.index.sale(sale)
    place = (sold.place if sold else None) or SalePlace()
    return {
        "CustomerRef": {"value": customer} if customer is not None else None,
        "DocNumber": draft.doc_number,
        "TxnDate": draft.txn_date.isoformat(),
        "Line": tracked(lookups, item_lines(lookups, draft.lines, tax), place.class_of),
        **tax.form,
        **form_class(lookups, place.tracking_class),
        "DepartmentRef": {"value": place.location} if place.location else None,
        # because QBO takes an address of its own where none is sent, and would take the tax back in another state
        "ShipAddr": without_street(place.shipping) if draft.without_street else place.shipping,
        **lookups.money(step, draft.currency),
        "PrivateNote": lookups.note(step, {MarkerField.CUSTOMER: customer} if customer is not None else {}),
    }


def application_body(lookups: Lookups, step: PlannedStep, draft: CreditMemoDraft) -> Body:
    """A payment of nothing that puts a credit memo on its invoice: a line of the same amount for each side."""
    invoice = lookups.index.get("Invoice", draft.credit_of)
    credit = lookups.index.get("CreditMemo", step.id.key)
    if invoice is None or credit is None:
        raise UnmappableEvent(f"{draft.credit_of} or its credit is not in the books")
    sides = (("Invoice", invoice.id), ("CreditMemo", credit.id))
    return {
        "CustomerRef": {"value": invoice.customer_id},
        "TotalAmt": draft.total * 0,
        "TxnDate": draft.txn_date.isoformat(),
        "Line": [
            {"Amount": step.applied, "LinkedTxn": [{"TxnId": ident, "TxnType": entity}]} for entity, ident in sides
        ],
        **lookups.money(step, draft.currency),
        "PrivateNote": lookups.note(step),
    }
