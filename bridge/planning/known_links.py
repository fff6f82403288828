"""The links of the books, of the journal and of a micro-batch together, and how a charge over invoices is shared out.

A charge that pays several invoices is one payment for each, of that invoice's own share: the one that has the charge's
key lies where it lay first, and what the shares leave of the charge stays with it. Of an invoice whose share nobody
told no body tells money beside it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bridge.index.index import VOIDED, Index
from bridge.index.payment_links import PaymentLinks, Shares, larger, lost, share_key
from bridge.index.posted import Posted, is_given_away, order_of
from bridge.planning.coming_sales import coming_sales
from bridge.planning.failing_debits import FailingDebits
from contracts.keys import BODY_MONEY, UNNAMED, SourceKey
from contracts.marker import MarkerField, amount_in
from contracts.money import total
from contracts.opening import OF_EARLIER_BOOKS
from contracts.posting import TAKEN_BACK_FOR_GOOD, Intent, PostingPlan
from contracts.quickbooks import PaymentDraft

BY_BOTH = "pays an order of the shop and an invoice of Stripe: it is booked for the order alone"
UNTOLD = "pays several invoices, and nobody told how much of each (invoice_payment.paid with amount_paid does)"
TOO_MUCH = "pays several invoices, and its shares come to more than was charged"
USED_ELSEWHERE = (
    "pays several invoices, and a person gave its money to others in QuickBooks than its shares say: undo that there, "
    "then send the event again"
)
DEPOSITED = "pays an invoice of Stripe, but lies on a deposit already: take it off there, then send the event again"


@dataclass(frozen=True, slots=True)
class Part:
    """The payment of a charge that is on one invoice."""

    payment: SourceKey
    invoice: SourceKey
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Division:
    """The parts of a charge, that of its own key first; none where it is not to be shared out (yet).

    `why` a person must look, where that is so. `whole` is what came in by the charge.
    """

    parts: tuple[Part, ...] = ()
    why: str | None = None
    whole: Decimal | None = None


class KnownLinks:
    """What is known of what is part of what while one micro-batch is planned."""

    def __init__(self, plans: Sequence[PostingPlan], index: Index) -> None:
        self.index = index
        self.named = tuple(dict.fromkeys(link for plan in plans for link in plan.links))
        self._batch = PaymentLinks(self.named, (share for plan in plans for share in plan.shares))
        steps = [step for plan in plans for step in plan.steps]
        self._planned = coming_sales(steps, index)
        self._voided = {step.key for step in steps if step.intent is Intent.VOID}
        self._failing = FailingDebits(steps, index)
        self._charged: dict[SourceKey, Decimal] = {}
        for step in steps:
            if step.key.kind == "charge" and isinstance(step.draft, PaymentDraft):
                self._charged[step.key] = max(step.draft.amount, self._charged.get(step.key, Decimal(0)))
                if step.draft.invoice.system != step.key.system:
                    self._batch.add(step.key, step.draft.invoice)

    def charge_of(self, money: SourceKey) -> SourceKey | None:
        """The charge that an intent ended in."""
        return self._batch.charge_of(money) or self.index.payment_links.charge_of(money)

    def is_coming(self, charge: SourceKey) -> bool:
        """True for a charge whose money an event of this micro-batch says."""
        return charge in self._charged

    def documents_of(self, charge: SourceKey) -> dict[SourceKey, Decimal | None]:
        """What a charge pays, by its own links and those of its intent, with what is told of its shares."""
        found: dict[SourceKey, Decimal | None] = {}
        for name in (charge, *self.payments_of_document(charge)):
            for document, share in self._said_of(name).items():
                found[document] = larger(share, found.get(document))
        named = [document for document in sorted(found) if document.id != UNNAMED]
        return {document: found[document] for document in named or found}

    def document_of(self, charge: SourceKey) -> SourceKey | None:
        """What a charge pays; of several a shop's order, else the first invoice."""
        return next(iter(self.documents_of(charge)), None)

    def payments_of_document(self, document: SourceKey) -> tuple[SourceKey, ...]:
        """Everything that is said to be part of `document`."""
        return (*self._batch.payments_of_document(document), *self.index.payment_links.payments_of_document(document))

    def charges_of_document(self, document: SourceKey) -> tuple[SourceKey, ...]:
        """The charges that are said to pay `document`."""
        return tuple(dict.fromkeys(filter(None, map(self.charge_of, self.payments_of_document(document)))))

    def invoices_of(self, charge: SourceKey) -> tuple[SourceKey, ...]:
        """The invoices that a charge pays, of those that are in the books or about to be."""
        documents = self.documents_of(charge)
        if any(document.system != charge.system for document in documents):
            return ()
        return tuple(each for each in documents if each.kind == "invoice" and self._is_there(each))

    def invoice_of(self, charge: SourceKey) -> SourceKey | None:
        """The invoice that the payment of a charge is on: of several one whose share is not told, there lies the rest.

        Among those it is the one where it lies already, else the first.
        """
        shares, whole = self._shares_of(charge), self._charged_of(charge)
        # because shares that are the whole charge leave no money for an invoice whose own is not told
        has_rest = not whole or total(share or Decimal(0) for share in shares.values()) < whole
        untold = [each for each, share in shares.items() if share is None]
        sure = [each for each, share in shares.items() if share is not None]
        fitting = untold if untold and has_rest else sure or untold
        payment = self.payment_of(charge)
        lies_on = order_of(payment) if payment is not None else None
        return lies_on if lies_on in fitting else next(iter(fitting), None)

    def sale_of(self, money: SourceKey) -> SourceKey:
        """What the money of a charge or an intent is on: the invoice that it pays, else the charge, else itself.

        An intent may be known to pay an invoice although nobody has told its charge.
        """
        charge = self.charge_of(money) or money
        return self.invoice_of(charge) or charge

    def order_of(self, charge: SourceKey) -> SourceKey | None:
        """The shop's order that a charge pays, where the shop books it: then no payment of the charge's own exists."""
        document = self.document_of(charge)
        shops = document is not None and document.system != charge.system
        return document if shops and self.index.get("Payment", charge) is None else None

    def payment_of(self, charge: SourceKey) -> Posted | None:
        """The payment of a charge that is in the books and live."""
        payment = self.index.get("Payment", charge)
        return payment if payment is not None and not payment.voided else None

    def division_of(self, charge: SourceKey) -> Division:
        """How a charge is shared out among the invoices that it pays."""
        documents = self.documents_of(charge)
        if len(documents) < 2:
            return Division()
        if any(document.system != charge.system for document in documents):
            return Division(why=BY_BOTH)
        invoice, whole, there = self.invoice_of(charge), self._charged_of(charge), self._shares_of(charge)
        if invoice is None or not whole:
            return Division()
        shares = {each: share for each, share in there.items() if share is not None}
        parts = _parts(charge, invoice, whole, shares)
        if parts[0].amount < shares.get(invoice, Decimal(0)):
            return Division(self._as_they_lie(charge, invoice, whole), TOO_MUCH, whole)
        payment = self.payment_of(charge)
        if payment is not None and payment.deposited and not all(map(self.lies, parts)):
            return Division(self._as_they_lie(charge, invoice, whole), DEPOSITED, whole)
        if payment is not None and self._is_used_elsewhere(payment, parts):
            return Division(self._as_they_lie(charge, invoice, whole), USED_ELSEWHERE, whole)
        return Division(parts, UNTOLD if len(there) > max(len(shares), 1) else None, whole)

    def _is_used_elsewhere(self, payment: Posted, parts: Sequence[Part]) -> bool:
        """True where a person put more on other invoices than the parts leave of it.

        So is money of the invoices' bodies that a person put on others, or gave to another customer.
        """
        if all(map(self.lies, parts)):
            return False
        own = (each for each in self.index.payments_of(order_of(payment)) if each.key == payment.key)
        if any(each.applied_elsewhere > parts[0].amount for each in own):
            return True
        bodies = ((sale, each) for part in parts for sale, each in self._by_body(part.invoice))
        return any(each.applied_elsewhere or is_given_away(each, sale) for sale, each in bodies)

    def _by_body(self, invoice: SourceKey) -> list[tuple[Posted | None, Posted]]:
        """The payment that only the body of an invoice tells, with that invoice."""
        found = (each for each in self.index.payments_of(invoice) if each.key.kind == BODY_MONEY)
        return [(self.index.sale(invoice), each) for each in found]

    def _as_they_lie(self, charge: SourceKey, invoice: SourceKey, whole: Decimal) -> tuple[Part, ...]:
        """The parts that are booked already, the rest on one invoice: nothing more is shared out."""
        found = {each: self.index.get("Payment", share_key(charge, each)) for each in self.documents_of(charge)}
        on_them = {each: posted.total for each, posted in found.items() if posted is not None and not posted.voided}
        return _parts(charge, invoice, whole, on_them)

    def lies(self, part: Part) -> bool:
        """True for a part that is in the books as it should be, or that a person took out of them."""
        posted = self.index.get("Payment", part.payment)
        if posted is None:
            return False
        return posted.voided or (order_of(posted), posted.total) == (part.invoice, part.amount)

    def are_one_sale(self, one: SourceKey, other: SourceKey) -> bool:
        """True for two names of what one charge paid: the charge, its intent, and the invoices that it is for."""
        return one == other or bool(self._charges_behind(one) & self._charges_behind(other))

    def _charges_behind(self, sale: SourceKey) -> set[SourceKey]:
        return {self.charge_of(sale) or sale, *self.charges_of_document(sale)} if sale.system == "stripe" else set()

    def is_void(self, invoice: SourceKey) -> bool:
        """True for an invoice that is void in the books, or that was voided before it was there."""
        sale, version = self.index.sale(invoice), self.index.newest(invoice)
        if sale is not None:
            return sale.voided
        return invoice in self._voided or (version is not None and version.content == VOIDED)

    def was_lost(self, invoice: SourceKey) -> bool:
        """True for an invoice that was paid by a debit which failed before anything of it was booked."""
        noted_before = any(
            self.index.newest(lost(money)) == TAKEN_BACK_FOR_GOOD for money in self.payments_of_document(invoice)
        )
        failing = self._failing.charges.difference(self._charged)
        return noted_before or any(
            self._failing.leaves_unpaid(each, invoice, len(self.documents_of(each)))
            for each in self.charges_of_document(invoice)
            if each in failing
        )

    def is_on_another(self, invoice: SourceKey) -> bool:
        """True for an invoice whose money lies on another document, or may: its body tells the same money."""
        return any(self._may_lie_elsewhere(charge, invoice) for charge in self.charges_of_document(invoice))

    def invoices(self) -> Iterator[SourceKey]:
        """The invoices that this micro-batch speaks of and that are there; with one of a charge all others of it."""
        charges = {
            *self._charged,
            *self._failing.charges,
            *filter(None, (self.charge_of(money) for money, _ in self.named)),
        }
        shared = (
            each
            for charge in sorted(charges)
            if len(found := self.documents_of(charge)) > 1 or charge in self._failing.charges
            for each in found
        )
        named = (document for _, document in self.named)
        for document in dict.fromkeys((*self._planned, *named, *shared)):
            if document.kind == "invoice" and self._is_there(document):
                yield document

    @property
    def unremembered(self) -> Iterator[tuple[SourceKey, Shares]]:
        """Links that must be remembered: neither the journal nor the money's own marker says them."""
        for money in dict.fromkeys(money for money, document in self.named if document.kind != "charge"):
            said = self._said_of(money)
            charge = self.charge_of(money)
            payment = self.index.get("Payment", charge) if charge else None
            placed = payment is not None and said in (
                {order_of(payment): None},
                {order_of(payment): payment.total},
            )
            known = self.index.payment_links
            # because no marker of ours says the intent of a charge that the shop books
            by_shop = money.kind == "charge" and any(document.system != money.system for document in said)
            ended = {each: None for each in self.payments_of_document(money) if by_shop}
            before = {
                **known.documents_of(money),
                **dict.fromkeys(known.payments_of_document(money) if by_shop else ()),
            }
            if not placed and before != {**said, **ended}:
                yield money, {**said, **ended}

    def _said_of(self, money: SourceKey) -> dict[SourceKey, Decimal | None]:
        """What is said under one name, now and before."""
        found = dict(self.index.payment_links.documents_of(money))
        for document, share in self._batch.documents_of(money).items():
            found[document] = larger(share, found.get(document))
        return found

    def _shares_of(self, charge: SourceKey) -> dict[SourceKey, Decimal | None]:
        """The shares of the invoices that are there; None where nobody told it and no sum says it.

        Where what is told leaves of the charge all that the other invoices ask for, each of those has all of it.
        """
        documents, whole = self.documents_of(charge), self._charged_of(charge)
        shares = {each: documents[each] for each in self.invoices_of(charge)}
        rest = whole - total(share for share in documents.values() if share is not None)
        asked = {each: self._asked(each) for each, share in documents.items() if share is None}
        # because no invoice takes more than it asks for, these sums come out in one way only
        if all(asked.values()) and rest == total(filter(None, asked.values())):
            return shares | asked
        return shares

    def _asked(self, invoice: SourceKey) -> Decimal | None:
        """The total of an invoice, as it is told now or as it is in the books; None for one that is not there."""
        now, sale = self._planned.get(invoice), self.index.sale(invoice)
        return now if now is not None or sale is None else sale.total

    def _charged_of(self, charge: SourceKey) -> Decimal:
        """What came in by a charge: as it is told now, or as its payments in the books say."""
        own = self.index.get("Payment", charge)
        if own is not None and own.voided:
            return Decimal(0)
        shares = (self.index.get("Payment", share_key(charge, each)) for each in self.documents_of(charge))
        booked = [each for each in (own, *shares) if each is not None and not each.voided]
        written = [amount for each in booked if (amount := amount_in(each.marker_fields, MarkerField.CHARGED))]
        # because an owner may have ended between the writes of two shares, what they come to may be more or less
        in_books = max(written) if written else total(each.total for each in booked)
        return max(in_books, self._charged.get(charge, Decimal(0)))

    def _may_lie_elsewhere(self, charge: SourceKey, invoice: SourceKey) -> bool:
        why = self.division_of(charge).why
        if why is None or (why == UNTOLD and self._shares_of(charge).get(invoice) is not None):
            return False
        return why == BY_BOTH or charge in self._charged or self.payment_of(charge) is not None

    def _is_there(self, document: SourceKey) -> bool:
        if document in self._planned or self.index.sale(document) is not None:
            return True
        # because the money of an invoice of earlier books is no sale of its own
        version = self.index.newest(document)
        return version is not None and version.content == OF_EARLIER_BOOKS.content


def _parts(
    charge: SourceKey, invoice: SourceKey, whole: Decimal, shares: Mapping[SourceKey, Decimal]
) -> tuple[Part, ...]:
    """The payment of the charge itself, which is what the shares of others leave of it; then those."""
    others = [Part(share_key(charge, each), each, share) for each, share in shares.items() if each != invoice]
    return (Part(charge, invoice, whole - total(part.amount for part in others)), *others)
