"""A company on Stripe whose money people and rules move: charges, fees, refunds, disputes and payouts."""

from __future__ import annotations

from decimal import Decimal

from tests.ledger.elsewhere import Elsewhere, Owed
from tests.ledger.elsewhere_shops import tell_payout
from tests.ledger.months import FEES, ZERO
from tests.support.orders import Json, charge, stripe_event
from tests.support.stripe_objects import dispute as stripe_dispute
from tests.support.stripe_objects import listed
from tests.support.stripe_objects import payout as stripe_payout
from tests.support.stripe_objects import refund as stripe_refund
from tests.support.stripe_objects import row as stripe_row


class Stripe:
    """Charges of a company on Stripe; their fees are told with them or by the payout."""

    def __init__(self, story: Elsewhere) -> None:
        self.story, self.rows = story, list[Owed]()

    def sell(self) -> None:
        """A charge, and what becomes of it and of its money."""
        story = self.story
        ident, amount, fee = self.name("ch"), story.draw.randint(500, 30_000), story.draw.randint(20, 900)
        made = stripe_row("charge", amount, ident, fee, id=self.name("txn"), created=self.moment())
        is_relevant = story.chance(0.6)
        more: Json = {"amount": amount, "amount_captured": amount, "payment_intent": None, "created": made["created"]}
        self.tell("charge.succeeded", charge(id=ident, **more, balance_transaction=made if is_relevant else made["id"]))
        there, paid = story.gateways["stripe"], f"stripe:charge:{ident}"
        story.put(paid, there, Decimal(amount) / 100)
        fee_of = f"{paid}.{made['id']}" if is_relevant else None
        self.owe(made, amount, fee, paid, fee_of)
        if story.chance(0.4):
            story.move("Payment", paid)
        if story.chance(0.3):
            self.hand_back(ident, amount)
        elif story.chance(0.25):
            self.dispute(ident, amount)

    def owe(self, made: Json, amount: int, fee: int, document: str, fee_of: str | None) -> None:
        """One more row of the balance; the entry of its fee is a document of its own, told now or by the payout."""
        number, kept = Decimal(amount) / 100, Decimal(fee) / 100
        self.rows.append(Owed(made, number, number, document))
        if fee:
            self.rows.append(Owed(None, -kept, -kept, fee_of))
        if fee and fee_of is not None:
            self.story.put(fee_of, self.story.gateways["stripe"], -kept)
            self.story.nets[FEES] += kept

    def hand_back(self, ident: str, amount: int) -> None:
        """All of it."""
        about = self.name("re")
        made = stripe_row("refund", -amount, about, 0, id=self.name("txn"), created=self.moment())
        self.tell("refund.created", stripe_refund(amount, about, charge=ident, balance_transaction=made["id"]))
        document = f"stripe:refund:{about}"
        self.story.put(document, self.story.gateways["stripe"], Decimal(-amount) / 100)
        self.owe(made, -amount, 0, document, None)
        self.story.kinds["refund"] += 1
        if self.story.chance(0.4):
            self.story.move("RefundReceipt", document)

    def dispute(self, ident: str, amount: int) -> None:
        """The card holder's bank takes all of it, and Stripe a fee: one entry."""
        about = self.name("du")
        made = stripe_row("adjustment", -amount, about, 1500, id=self.name("txn"), created=self.moment())
        body = stripe_dispute([made], id=about, charge=ident, amount=amount, payment_intent=None)
        self.tell("charge.dispute.created", body)
        document, taken = f"stripe:dispute:{about}.{made['id']}", Decimal(-amount - 1500) / 100
        self.story.put(document, self.story.gateways["stripe"], taken)
        self.story.nets[FEES] += Decimal(15)
        self.rows.append(Owed(made, taken, taken, document))
        self.story.kinds["dispute"] += 1

    def pay_out(self) -> None:
        """A payout of all rows."""
        story, ident = self.story, self.name("po")
        rows, self.rows = self.rows, []
        fees = sum((-each.net for each in rows if each.document is None), ZERO)
        told_alone = [Owed(each.row, ZERO, each.net, None) if each.document is None else each for each in rows]
        amount = int(story.pay_out(f"stripe:payout:{ident}", told_alone, fees) * 100)
        made = [each.row for each in rows if each.row is not None]
        own = stripe_row("payout", -amount, ident, id=self.name("txn"), created=self.moment())
        body = stripe_payout(amount, id=ident, created=self.moment(), arrival_date=self.moment())
        full = {**body, "balance_transactions": listed([own, *made])}
        tell_payout(story, full, body, lambda each: self.event("payout.paid", each))

    def name(self, prefix: str) -> str:
        return f"{prefix}_3RqELSE{self.story.new_id()}"

    def moment(self) -> int:
        self.story.later(4)
        return int(self.story.now.timestamp())

    def event(self, kind: str, body: Json) -> Json:
        return stripe_event(kind, body, id=self.name("evt"), created=int(self.story.now.timestamp()))

    def tell(self, kind: str, body: Json) -> None:
        self.story.steps.append(self.event(kind, body))
