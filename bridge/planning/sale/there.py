"""A sale that the books hold already without our marker: adopted, asked about, or not there. Pure.

The rule is INTERFACE's "Already there".

An adoption is written first, by itself; what else is known of the sale is planned on the books that hold it then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.index.name_list import email_of
from bridge.index.unmarked import Place
from bridge.matching.orders import KnownOrders, Party, SoughtOrder
from bridge.matching.there import ONLY_REPORTED, in_doubt
from bridge.matching.verdict import BooksToMatch, Certain, Doubtful
from bridge.planning.context import PlanningContext
from bridge.planning.sale.adoption import adopt, adopts_later
from bridge.planning.sale.amounts import form_draft
from bridge.planning.sale.documents import version_of
from bridge.planning.steps import Claim, Refused, SaleClaims
from contracts.errors import RejectedPosting
from contracts.keys import SourceKey
from contracts.marker import SALES
from contracts.posting import Intent
from contracts.quickbooks import (
    CustomerDraft,
    Draft,
    InvoiceDraft,
    SalesReceiptDraft,
)
from contracts.results import POSSIBLE_DUPLICATE

DECIDED_MISSING = "the document that a person decided for is not there any more, or is ours already"


def is_there_already(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> bool:
    """Decide whether the books hold the sale under no marker; True when that is decided, or asked, before all else."""
    there = context.there
    if there.matching.mode == "off" or key.kind != "order":
        return False
    posted = context.index.sale(key)
    if posted is not None:
        return adopts_later(context, key, claims, posted)
    order = sought(context, key, claims.bodies)
    if order is None:
        doubt = there.doubts.get(key) if key not in there.decisions else None
        if doubt is not None:
            _refuse(context, claims, doubt)
        return doubt is not None
    found = _found(context, order)
    if isinstance(found, Certain):
        adopt(context, order, claims, found.document)
    elif found is not None:
        _refuse(context, claims, in_doubt(found.documents, found.why))
    return found is not None


def sought(context: PlanningContext, key: SourceKey, bodies: Iterable[Claim]) -> SoughtOrder | None:
    """The order that its bodies tell, None where the newest of them books nothing, or nobody knows its name."""
    bodies = list(bodies)
    newest = max(bodies, key=version_of, default=None)
    if newest is None or newest.step.intent is not Intent.STATE or all(claim.step.held_back for claim in bodies):
        return None
    draft = form_draft(newest)
    if draft.named is None:
        return None
    totals = {form_draft(claim).total for claim in bodies if claim.step.intent is Intent.STATE}
    return SoughtOrder(
        key=key,
        named=draft.named,
        totals=frozenset(totals),
        currency=draft.currency,
        day=draft.txn_date,
        buyer=_buyer(context, draft),
    )


def _found(context: PlanningContext, order: SoughtOrder) -> Certain | Doubtful | None:
    """What the books hold of `order`, a person's word before all else."""
    decision = context.there.decisions.get(order.key)
    if decision is not None:
        if decision.place is None:
            return None
        document = context.index.unmarked.get(*decision.place)
        return Certain(document) if document is not None else Doubtful((), DECIDED_MISSING)
    if not len(context.index.unmarked):
        return None
    found = _books(context, order).verdict(order)
    if isinstance(found, Certain) and context.there.matching.mode == "report":
        return Doubtful((found.document,), ONLY_REPORTED)
    return found


def _books(context: PlanningContext, order: SoughtOrder) -> BooksToMatch:
    coming = [each for each in orders_coming(context) if each.key != order.key]
    home = context.profile.home_currency
    asked = {place for key, why in context.there.doubts.items() if key != order.key for place in _asked_about(why)}
    return BooksToMatch(
        unmarked=context.index.unmarked,
        party_of=lambda ident: _customer(context, ident),
        known=KnownOrders(coming, context.index.own_sales, home, asked, context.there.ahead),
        matching=context.there.matching,
        home_currency=home,
    )


def orders_coming(context: PlanningContext) -> list[SoughtOrder]:
    """The orders of this micro-batch that could be there already."""
    if context.orders_coming is None:
        bodies: dict[SourceKey, list[Claim]] = {}
        for position, plan in enumerate(context.plans):
            for step in plan.steps:
                if isinstance(step.draft, InvoiceDraft | SalesReceiptDraft) and step.intent is Intent.STATE:
                    bodies.setdefault(step.key, []).append(Claim(position, plan, step))
        found = (sought(context, key, claims) for key, claims in bodies.items())
        context.note_orders([order for order in found if order is not None])
    return context.orders_coming or []


def _buyer(context: PlanningContext, draft: InvoiceDraft) -> Party:
    ident = context.customer_id(draft.customer, draft.currency)
    return party_of_body(context.drafts.get(draft.customer), draft, ident)


def party_of_body(said: Draft | None, draft: InvoiceDraft, ident: str | None = None) -> Party:
    """The buyer of an order by all that its body says of them; `ident` where the books have them."""
    if not isinstance(said, CustomerDraft):
        return Party()
    both = " ".join(part for part in (said.given_name, said.family_name) if part)
    names = tuple(dict.fromkeys(name for name in (said.display_name, both, said.company_name) if name))
    return Party(names=names, email=email_of(said.email or draft.email), customer_id=ident)


def _customer(context: PlanningContext, ident: str | None) -> Party:
    """The customer of the books under this Id."""
    said = context.index.customers.said_of(ident)
    return Party(names=(said[0],), email=said[1], customer_id=ident) if said else Party(customer_id=ident)


def _asked_about(why: str) -> Iterator[Place]:
    """The documents that `in_doubt` named."""
    for place in why.rpartition(": ")[2].split(", "):
        entity, _, ident = place.partition("/")
        yield from ((each, ident) for each in SALES if each.lower() == entity)


def _refuse(context: PlanningContext, claims: SaleClaims, why: str) -> None:
    """Each event of an order in doubt is a dead letter, its money too, until a person has decided."""
    error = RejectedPosting(why, reason_code=POSSIBLE_DUPLICATE, step="invoice")
    context.resolve(sorted({claim.position for claim in claims.every}), Refused(error))
