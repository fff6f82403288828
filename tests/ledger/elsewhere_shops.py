"""A shop whose money people and rules move: sales, refunds, disputes and payouts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.ledger.elsewhere import UNDEPOSITED, Act, Elsewhere, Owed, account_of
from tests.ledger.months import CENT, ZERO
from tests.support.entered import keyed, paid_by_hand
from tests.support.orders import (
    Json,
    handed_back,
    line,
    order,
    refund,
    refund_line,
    shopify_event,
    transaction,
)
from tests.support.shop_payouts import payout, row
from tests.support.world import World

TOPIC = "shopify_payments/payouts"
ENTERED_IN = ("Wallet", "Undeposited Funds", "Savings", "Checking", "Shopify Payments clearing")


class Shop:
    """Sales by card of a Shopify shop; some were entered by a person before the bridge read them."""

    def __init__(self, story: Elsewhere) -> None:
        self.story, self.rows, self.fees = story, list[Owed](), ZERO

    def sell(self) -> None:
        """One order that is paid by card; what becomes of it and of its money."""
        story = self.story
        ident, price, moment = story.new_id(), story.price(), story.later()
        fee = (price * Decimal("0.029")).quantize(CENT)
        sold = line(str(price), id=ident + 1, sku=f"E{ident}")
        times: Json = {"created_at": moment, "processed_at": moment}
        named: Json = {"admin_graphql_api_id": None, "name": f"#{ident % 100_000}"}
        there, is_entered = story.gateways["shopify_payments"], story.chance(0.35)
        if is_entered:
            there = story.draw.choice(ENTERED_IN)
            story.steps.append(self.entered(ident, price, there))
            story.kinds["sale entered by a person"] += 1
        story.steps.append(shopify_event("orders/create", order([sold], id=ident, updated_at=moment, **named, **times)))
        said = {"order_id": ident, "amount": str(price), "admin_graphql_api_id": None}
        story.steps.append(shopify_event("order_transactions/create", transaction(id=ident + 2, **said, **times)))
        paid = f"shopify:transaction:{ident + 2}"
        story.put(paid, there, price)
        self.owe("charge", price, fee, paid, order=ident, transaction=ident + 2)
        if story.chance(0.4):
            story.move("Payment", paid)
        if story.lies[paid][0] == UNDEPOSITED and story.chance(0.3):
            story.bring_to_the_bank(paid)
        if story.chance(0.35):
            self.hand_back(ident, sold, price, is_entered=is_entered and story.chance(0.5))
        elif story.chance(0.25):
            self.dispute(ident, price)

    def entered(self, ident: int, price: Decimal, account: str) -> Act:
        """The sale and its payment, as a person enters them before the bridge reads the order."""
        day = self.story.day()

        async def act(world: World) -> None:
            sale = await keyed(world, DocNumber=str(ident % 100_000), amount=str(price), TxnDate=day)
            there = {"DepositToAccountRef": {"value": account_of(world, account)}}
            payment = await paid_by_hand(world, sale, str(price), TxnDate=day, **there)
            self.story.entered[f"shopify:transaction:{ident + 2}"] = payment["Id"]
            await world.look()

        return act

    def refund_entered(self, document: str, price: Decimal, account: str) -> Act:
        """All of a sale, as a person hands it back."""
        day = self.story.day()

        async def act(world: World) -> None:
            there: dict[str, Any] = {"DepositToAccountRef": {"value": account_of(world, account)}}
            made = await keyed(world, "RefundReceipt", amount=str(price), TxnDate=day, **there)
            self.story.entered[document] = made["Id"]
            await world.look()

        return act

    def owe(self, kind: str, amount: Decimal, fee: Decimal, document: str, **changes: Any) -> None:
        """One more row of the balance."""
        made = row(kind, str(amount), str(fee), id=self.story.new_id(), processed_at=self.story.later(1), **changes)
        self.rows.append(Owed(made, amount, amount - fee, document))
        self.fees += fee

    def hand_back(self, ident: int, sold: Json, price: Decimal, *, is_entered: bool) -> None:
        """All of it; a person may have entered the refund receipt, or have it draw from elsewhere."""
        story, moment = self.story, self.story.later(3)
        times: Json = {"created_at": moment, "processed_at": moment}
        money = handed_back(str(price), id=ident + 3, order_id=ident, parent_id=ident + 2, **times)
        ids: Json = {"id": ident + 4, "order_id": ident, "admin_graphql_api_id": None}
        body = refund([refund_line(sold, 1, str(price))], money, **ids, **times)
        story.steps.append(shopify_event("refunds/create", body))
        document, there = f"shopify:refund:{ident + 4}", story.gateways["shopify_payments"]
        if is_entered:
            there = story.draw.choice(ENTERED_IN)
            story.steps.insert(-1, self.refund_entered(document, price, there))
            story.kinds["refund entered by a person"] += 1
        story.put(document, there, -price)
        self.owe("refund", -price, ZERO, document, order=ident, transaction=ident + 3)
        story.kinds["refund"] += 1
        if story.chance(0.4):
            story.move("RefundReceipt", document)

    def dispute(self, ident: int, price: Decimal) -> None:
        """A chargeback that its own event tells."""
        moment, about = self.story.later(3), ident + 5
        body: Json = {"id": about, "order_id": ident, "type": "chargeback", "amount": str(price), "currency": "USD"}
        told: Json = {"reason": "fraudulent", "status": "needs_response", "initiated_at": moment, "finalized_on": None}
        self.story.steps.append(shopify_event("disputes/create", {**body, **told}))
        document = f"shopify:dispute:{about}"
        self.story.put(document, self.story.gateways["shopify_payments"], -price)
        self.owe("dispute", -price, Decimal("15.00"), document, order=ident, source_id=about)
        self.story.kinds["dispute"] += 1

    def pay_out(self) -> None:
        """A payout of all rows: told twice, without its rows first, or at once."""
        story, ident = self.story, self.story.new_id()
        rows, fees, self.rows, self.fees = self.rows, self.fees, [], ZERO
        amount = story.pay_out(f"shopify:payout:{ident}", rows, fees)
        body = payout([each.row for each in rows], id=ident, date=story.day(), amount=str(amount))
        tell_payout(story, body, {**body, "balance_transactions": []}, lambda each: shopify_event(TOPIC, each))


def tell_payout(story: Elsewhere, full: Json, bare: Json, event: Callable[[Json], Json]) -> None:
    """At once, twice, or without its rows first."""
    way = story.draw.choice(["at once", "twice", "rows late"])
    story.kinds[f"payout {way}"] += 1
    told = {"at once": [full], "twice": [full, full], "rows late": [bare, full]}[way]
    story.steps += [event(each) for each in told]
