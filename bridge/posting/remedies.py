"""What to look up after a fault that knowledge can cure, so that planning again does the right thing.

Nothing is repaired here: the books are read once more, and the same planner, knowing more, plans another step.
"""

from __future__ import annotations

from bridge.books.books import Books
from bridge.quickbooks.fault_codes import Action
from bridge.settlement.step_outcomes import Recoverable
from contracts.keys import SourceKey
from contracts.marker import find_marker
from contracts.quickbooks import CustomerDraft, InvoiceDraft, ItemDraft, PaymentDraft


async def recover(books: Books, recoverable: Recoverable) -> None:
    """Read what makes the next planning succeed. Unavailable when QBO cannot be read."""
    match recoverable.disposition.action:
        case Action.STALE if recoverable.step.target is not None:
            await books.refresh([recoverable.step.target])
        case Action.DUPLICATE_NAME:
            await _duplicate_name(books, recoverable)
        case Action.DUPLICATE_NUMBER:
            await _duplicate_number(books, recoverable)
        case Action.REFERENCE_GONE:
            await _reference_gone(books, recoverable)
        case Action.REJECT if recoverable.step.sale is not None:
            await _what_is_owed(books, recoverable.step.sale)
        case Action.PERIOD_CLOSED:
            await books.reread_profile(age_max_s=0)
        case _:
            return


async def _what_is_owed(books: Books, sale: SourceKey) -> None:
    """Read what the invoice still asks for: a person's payment or a credit may be on it as well."""
    invoice = books.index.get("Invoice", sale)
    if invoice is not None:
        await books.refresh([invoice])


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
    """The number belongs to our own invoice (then it is in the index now) or to a stranger's."""
    draft = recoverable.step.draft
    if not isinstance(draft, InvoiceDraft):
        return
    holder = recoverable.disposition.entity_id
    row = await books.look_up("Invoice", holder) if holder is not None else None
    marker = find_marker(str(row.get("PrivateNote", ""))) if row is not None else None
    if marker is None or marker.key != recoverable.step.id.key:
        books.index.numbers_taken.add(draft.doc_number)


async def _reference_gone(books: Books, recoverable: Recoverable) -> None:
    """Read what the step referred to once more; inactive and missing customers and items are dropped."""
    draft = recoverable.step.draft
    invoice = books.index.get("Invoice", draft.invoice) if isinstance(draft, PaymentDraft) else None
    stale = [posted for posted in (recoverable.step.target, invoice) if posted is not None]
    if stale:
        await books.refresh(stale)
    if not isinstance(draft, CustomerDraft):
        await books.reread_profile()
    if isinstance(draft, InvoiceDraft):
        customer = books.index.customer_id(draft.customer, None, draft.currency)
        items = [books.index.item_id(line.item, None) for line in draft.lines]
        await books.recheck("Customer", [customer] if customer else [])
        await books.recheck("Item", [item for item in items if item])
