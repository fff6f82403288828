"""Document numbers: QuickBooks' own sequence, or the client's, and the 6140 that only some companies give.

With CustomTxnNumbers off a missing number is the next of a sequence that all sales forms share; with it on nothing is
assigned. 6140 needs CustomTxnNumbers *and* the user's setting "warn if a number is used twice", which no API shows.
"""

from bridge.sandbox import errors
from bridge.sandbox.company import SandboxCompany
from bridge.sandbox.entities.kind import Ask
from bridge.sandbox.wire import Doc

SHOWN = {"SalesReceipt": "Sales Receipt", "CreditMemo": "Credit Memo", "RefundReceipt": "Refund"}
SEQUENCE_DIGITS_MAX = 9


def doc_number(company: SandboxCompany, given: Doc, old: Doc | None, ask: Ask, entity: str) -> str | None:
    """The number that a sales form gets, None when it stays blank."""
    custom = company.preference("SalesFormsPrefs", "CustomTxnNumbers")
    number: str | None = given.get("DocNumber")
    if number is None:
        return None if custom or old is not None else str(company.next_number("DocNumber", 1001))
    if custom and company.switches.warn_duplicate_numbers and "allowduplicatedocnum" not in ask.include:
        _refuse_duplicate(company, number, old, entity)
    if number.isascii() and number.isdigit() and len(number) <= SEQUENCE_DIGITS_MAX:
        following = int(number) + 1
        if following > company.sequences.get("DocNumber", 1001):
            company.undo.set(company.sequences, "DocNumber", following)
    return number


def _refuse_duplicate(company: SandboxCompany, number: str, old: Doc | None, entity: str) -> None:
    for holder in company.numbers.get(("sales", number), ()):
        kind, _, holder_id = holder.partition(":")
        if old is None or (kind, holder_id) != (entity, old["Id"]):
            raise errors.duplicate_number(number, SHOWN.get(kind, kind), holder_id)


def index_number(company: SandboxCompany, entity: str, old: Doc | None, new: Doc | None) -> None:
    """Keep the index of document numbers."""
    before, after = ((doc or {}).get("DocNumber") for doc in (old, new))
    if before == after:
        return
    holder = f"{entity}:{(new or old or {})['Id']}"
    if before is not None:
        rest = tuple(other for other in company.numbers.get(("sales", before), ()) if other != holder)
        company.undo.set(company.numbers, ("sales", before), rest)
    if after is not None:
        company.undo.set(company.numbers, ("sales", after), (*company.numbers.get(("sales", after), ()), holder))
