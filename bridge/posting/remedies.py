"""What to read from the books after a recoverable fault, so that planning again does the right thing.

Nothing is repaired here: the books are read once more, and the same planner, knowing more, plans another step.
"""

from __future__ import annotations

from bridge.books.books import Books
from bridge.index.posted import Posted
from bridge.planning.steps import PlannedStep
from bridge.quickbooks.fault_codes import Action
from bridge.settlement.step_outcomes import Recoverable
from contracts.keys import SourceKey
from contracts.quickbooks import CustomerDraft, DocumentDraft, ItemDraft, RedemptionDraft


async def recover(books: Books, recoverable: Recoverable) -> None:
    """Read what makes the next planning succeed. Unavailable when QBO cannot be read."""
    match recoverable.disposition.action:
        case Action.STALE if recoverable.step.target is not None:
            await books.refresh([recoverable.step.target])
        case Action.DUPLICATE_NAME:
            await _duplicate_name(books, recoverable)
        case Action.DUPLICATE_NUMBER:
            await _duplicate_number(books, recoverable)
        case Action.REFERENCE_MISSING:
            await _reread_reference(books, recoverable)
        case Action.REJECT if recoverable.step.sale is not None:
            await _what_is_owed(books, recoverable.step.id.key, recoverable.step.sale)
        case Action.PERIOD_CLOSED:
            await books.reread_profile(age_max_s=0)
        case _:
            return


async def _what_is_owed(books: Books, key: SourceKey, sale: SourceKey) -> None:
    """Read what the invoice still asks for, and what a credit still has: both can have moved unseen."""
    # because with AutoApplyCredit on QBO puts an open credit on the customer's next invoice, whosever order that is
    found = (books.index.get("Invoice", sale), books.index.get("CreditMemo", key))
    await books.refresh([posted for posted in found if posted is not None])


async def _duplicate_name(books: Books, recoverable: Recoverable) -> None:
    """The holder may be ours (a reply was lost) or anybody's; a vendor's or employee's name is simply taken."""
    match recoverable.step.draft:
        case CustomerDraft(display_name=name):
            await books.look_up_name("Customer", name)
        case ItemDraft(name=name):
            await books.look_up_name("Item", name)
        case _:
            return


async def _duplicate_number(books: Books, recoverable: Recoverable) -> None:
    """The number belongs to our own document (then it is in the index now) or to a stranger's."""
    step = recoverable.step
    if not isinstance(step.draft, DocumentDraft) or step.draft.number is None:
        return
    holder = recoverable.disposition.entity_id
    row = await books.look_up(step.id.entity, holder) if holder is not None else None
    note = str(row.get("PrivateNote", "")) if row is not None else ""
    marker = books.index.seal.find(step.id.entity, note)
    if marker is None or marker.key != step.id.key:
        # Because only what QBO refused is known: the second number is tried, and a person's document keeps the first.
        books.index.reserve_number(step.id.entity, step.draft.number)


async def _reread_reference(books: Books, recoverable: Recoverable) -> None:
    """Read what the step referred to once more; inactive and missing customers and items are dropped."""
    step = recoverable.step
    stale = [posted for posted in (step.target, _sale_of(books, step)) if posted is not None]
    if stale:
        await books.refresh(stale)
    if not isinstance(step.draft, CustomerDraft):
        await books.reread_profile()
    await books.recheck("Customer", _customers_of(books, step))
    await books.recheck("Item", _items_of(books, step))


def _sale_of(books: Books, step: PlannedStep) -> Posted | None:
    """The form on which the sale stands that money, a credit or a refund belongs to."""
    return books.index.sale(step.sale) if step.sale is not None else None


def _customers_of(books: Books, step: PlannedStep) -> set[str]:
    """The Ids of those to whom the step goes: the sale's customer where it has one, else the draft's.

    The sale is read again before this: a person may have moved or merged it to somebody else, and the step follows.
    """
    draft, sale = step.draft, _sale_of(books, step)
    if not isinstance(draft, DocumentDraft):
        return set()
    own = books.index.customer_id(draft.customer, None, draft.currency) if draft.customer is not None else None
    return {ident for ident in (own, sale.customer_id if sale else None) if ident is not None}


def _items_of(books: Books, step: PlannedStep) -> set[str]:
    """The Ids of the items on the step's lines, gift cards included."""
    sold = step.draft.items if isinstance(step.draft, DocumentDraft) else ()
    cards = [card.line.item for card in step.redemptions if isinstance(card.line, RedemptionDraft)]
    found = (books.index.item_id(item, None) for item in (*sold, *cards))
    return {ident for ident in found if ident is not None}
