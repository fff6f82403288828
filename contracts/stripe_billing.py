"""Stripe's invoices and credit notes, in their old and new shapes (fields moved with 2025-03-31)."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.bodies import Amount, Body, Flag, Smallest, Text, UnixTime, Whole
from contracts.stripe import BillingDetails, Expandable, StripeAddress, StripeId


class TaxRateDetails(Body):
    """Where the rate of a tax is named since 2025-03-31."""

    tax_rate: Expandable | None = None


class TaxAmount(Body):
    """A tax as charged: `inclusive` until 2025-03-31, `tax_behavior` since. Of either, "inclusive" is in the price."""

    amount: Whole
    inclusive: Flag | None = None
    tax_behavior: Text | None = None
    tax_rate: Expandable | None = None
    tax_rate_details: TaxRateDetails | None = None

    @property
    def rate(self) -> Expandable | None:
        """Which rate it was charged at, as an id or expanded."""
        return self.tax_rate or (self.tax_rate_details.tax_rate if self.tax_rate_details else None)

    @property
    def inside(self) -> bool:
        """True when the price of the line has this tax in it."""
        return self.inclusive is True or self.tax_behavior == "inclusive"


class DiscountAmount(Body):
    """One discount."""

    amount: Whole


class PretaxCredit(Body):
    """What lowers a document before taxes: a discount, or billing credits (`credit_balance_transaction`)."""

    amount: Whole
    type: Text | None = None


class Price(Body):
    """A price of a line (`price` until 2025-03-31, `pricing` since)."""

    unit_amount_decimal: Amount | None = None


class BillingLine(Body):
    """One line of an invoice or a credit note; `amount` is before discounts and taxes that are added."""

    id: Text | None = None
    amount: Whole
    description: Text | None = None
    quantity: Amount | None = None
    price: Price | None = None
    pricing: Price | None = None
    tax_amounts: tuple[TaxAmount, ...] = ()
    taxes: tuple[TaxAmount, ...] = ()

    @property
    def every_tax(self) -> tuple[TaxAmount, ...]:
        """Its taxes, from where they are."""
        return self.taxes or self.tax_amounts


class BillingLines(Body):
    """A list of lines; `has_more` means that it is not whole."""

    data: tuple[BillingLine, ...]
    has_more: Flag = False


class ShippingCost(Body):
    """Delivery that an invoice charges."""

    amount_subtotal: Smallest
    amount_tax: Smallest
    amount_total: Smallest
    taxes: tuple[TaxAmount, ...] = ()


class Coupon(Body):
    """What a discount of old invoices is worth."""

    amount_off: Smallest | None = None
    percent_off: Amount | None = None


class OldDiscount(Body):
    """The discount of invoices older than 2020-08-27, which list no amounts."""

    coupon: Coupon | None = None


class Transitions(Body):
    """When an invoice came into its states."""

    finalized_at: UnixTime | None = None
    paid_at: UnixTime | None = None
    marked_uncollectible_at: UnixTime | None = None


class PaymentOfInvoice(Body):
    """What paid an invoice: a payment intent, a charge, or a record of money that never went through Stripe."""

    type: Text | None = None
    payment_intent: Expandable | None = None
    charge: Expandable | None = None
    payment_record: Expandable | None = None


class InvoicePayment(Body):
    """A payment and the invoice that it is for."""

    id: Text | None = None
    invoice: Expandable | None = None
    payment: PaymentOfInvoice | None = None
    status: Text | None = None
    currency: Text | None = None
    created: UnixTime | None = None
    amount_paid: Smallest | None = None
    status_transitions: Transitions | None = None

    @property
    def outside(self) -> bool:
        """True for money that did not go through Stripe, which a payment record tells since 2025-03-31."""
        return self.payment is not None and self.payment.type == "payment_record"


class InvoicePayments(Body):
    """The payments of an invoice, where the producer expanded them; `has_more` means that it is not whole."""

    data: tuple[InvoicePayment, ...] = ()
    has_more: Flag = False


class StripeInvoice(Body):
    """An invoice. `amount_paid` is what was paid on it so far; a balance that the customer had is not in it."""

    id: StripeId
    number: Text | None = None
    currency: Text
    created: UnixTime
    effective_at: UnixTime | None = None
    due_date: UnixTime | None = None
    status: Text
    total: Whole
    subtotal: Whole | None = None
    amount_due: Whole
    amount_paid: Whole
    amount_remaining: Whole | None = None
    paid_out_of_band: Flag = False
    customer: Expandable | None = None
    customer_name: Text | None = None
    customer_email: Text | None = None
    customer_phone: Text | None = None
    customer_address: StripeAddress | None = None
    customer_shipping: BillingDetails | None = None
    description: Text | None = None
    metadata: Mapping[str, object] = {}
    lines: BillingLines
    shipping_cost: ShippingCost | None = None
    tax: Whole | None = None
    total_tax_amounts: tuple[TaxAmount, ...] = ()
    total_taxes: tuple[TaxAmount, ...] = ()
    total_discount_amounts: tuple[DiscountAmount, ...] = ()
    total_pretax_credit_amounts: tuple[PretaxCredit, ...] = ()
    discount: OldDiscount | None = None
    status_transitions: Transitions | None = None
    charge: Expandable | None = None
    payment_intent: Expandable | None = None
    payments: InvoicePayments | None = None

    @property
    def every_tax(self) -> tuple[TaxAmount, ...]:
        """All taxes of the invoice, from where they are; the oldest bodies have one number, which is added."""
        old = (TaxAmount(amount=self.tax),) if self.tax else ()
        return self.total_taxes or self.total_tax_amounts or old


class NoteRefund(Body):
    """A refund that a credit note made (since 2025-03-31)."""

    amount_refunded: Smallest
    refund: Expandable | None = None


class CreditNote(Body):
    """What was taken off an invoice; the part of it that was refunded is told by the refund's own events."""

    id: StripeId
    number: Text | None = None
    currency: Text
    created: UnixTime
    status: Text | None = None
    invoice: Expandable
    customer: Expandable | None = None
    total: Smallest
    lines: BillingLines
    tax_amounts: tuple[TaxAmount, ...] = ()
    total_taxes: tuple[TaxAmount, ...] = ()
    discount_amount: Whole | None = None
    discount_amounts: tuple[DiscountAmount, ...] = ()
    pretax_credit_amounts: tuple[PretaxCredit, ...] = ()
    shipping_cost: ShippingCost | None = None
    out_of_band_amount: Smallest = 0
    """Null when none of it was: Stripe's own way of saying nothing."""
    customer_balance_transaction: Expandable | None = None
    refund: Expandable | None = None
    refunds: tuple[NoteRefund, ...] = ()

    @property
    def every_tax(self) -> tuple[TaxAmount, ...]:
        """All taxes that the note takes back, from where they are."""
        return self.total_taxes or self.tax_amounts
