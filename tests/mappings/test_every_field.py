"""Each field of each golden event left out, or null: the same books, a refusal, or a warning; never others in silence.

What the books are of an event: which documents, of which day, currency, amounts, taxes and accounts. Names, numbers,
addresses and texts are not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.decoding.record import decode_record
from contracts.documents import SalesForm
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.posting import Ignored, PostingPlan, PostingStep
from contracts.quickbooks import (
    AccountDraft,
    ChangeDraft,
    CustomerDraft,
    DepositDraft,
    DocumentDraft,
    Draft,
    InvoiceDraft,
    ItemDraft,
    JournalEntryDraft,
    LineDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
    ShipmentDraft,
)
from mappings.registry import map_event
from mappings.rules import MappingRules, load_rules
from tests.mappings.kept_defaults import KEPT
from tests.support.orders import RULES, Json, record
from tests.support.sizes import examples

GOLDEN = Path(__file__).parent / "golden"
EVENTS = sorted(GOLDEN.glob("*/*/event.json"))
Field = tuple[object, ...]


def decision_of(event: object, rules: MappingRules) -> PostingPlan | Ignored | RecordError:
    """What the event means; the error where it is a dead letter."""
    try:
        envelope = decode_record(record(json.dumps(event).encode()))
        assert envelope is not None
        return map_event(envelope, rules)
    except RecordError as error:
        return error


Accounts = Mapping[SourceKey, object]
"""Where what is sold as an item goes."""


def lines_of(rows: Iterable[LineDraft], accounts: Accounts) -> list[str]:
    """The lines of a form by account and amount, and whether QuickBooks taxes them."""
    return sorted(f"{accounts.get(row.item, row.item)} {row.amount} {row.taxable}" for row in rows)


def of_form(draft: SalesForm, accounts: Accounts) -> object:
    """Totals and lines of a form that sells or takes back."""
    off = (draft.discount, draft.discount_account) if isinstance(draft, InvoiceDraft) else None
    from_account = draft.deposit_to if isinstance(draft, RefundReceiptDraft) else None
    return draft.total, draft.tax, off, from_account, lines_of(draft.lines, accounts)


def of_money(draft: Draft) -> object:
    """What moves where, by account."""
    match draft:
        case PaymentDraft():
            return draft.amount, draft.deposit_to if draft.amount else None, draft.settled
        case DepositDraft():
            rows = [(row.account, row.amount) for row in draft.lines]
            return draft.total, draft.deposit_to, rows, [(each.payment.kind, each.amount) for each in draft.payments]
        case JournalEntryDraft():
            moved: dict[str, Decimal] = {}
            for row in draft.lines:
                moved[f"{row.side} {row.account}"] = moved.get(f"{row.side} {row.account}", Decimal(0)) + row.amount
            return moved
        case RedemptionDraft() | ChangeDraft():
            return draft.amount, draft.currency
    return None


def of_step(step: PostingStep, accounts: Accounts) -> object:
    """One step of a plan, without names and texts."""
    draft = step.draft
    dated = (draft.txn_date, draft.currency) if isinstance(draft, DocumentDraft) else None
    form = draft.sale if isinstance(draft, SalesReceiptDraft) else draft
    inside = of_form(form, accounts) if isinstance(form, SalesForm) else of_money(draft) if draft else None
    return step.entity, step.key.kind, step.intent, dated, inside


def books_of(plan: PostingPlan) -> list[object]:
    """What a plan puts into the books."""
    accounts = {step.key: step.draft.income for step in plan.steps if isinstance(step.draft, ItemDraft)}
    listed = (AccountDraft, CustomerDraft, ItemDraft, ShipmentDraft)
    return sorted((of_step(step, accounts) for step in plan.steps if not isinstance(step.draft, listed)), key=str)


def fields_of(value: object, path: Field = ()) -> Iterator[Field]:
    """The path of every field, of the first row of each list only."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield (*path, name)
            yield from fields_of(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value[:2]):
            yield from fields_of(part, (*path, number))


def without(event: Json, path: Field, *, null: bool) -> Json:
    """The event with this field left out, or null."""
    copied: Json = json.loads(json.dumps(event))
    here: object = copied
    for step in path[:-1]:
        here = here[step]  # type: ignore[index]
    assert isinstance(here, dict)
    if null:
        here[path[-1]] = None
    else:
        del here[path[-1]]
    return copied


def body_path(event: Json) -> Field:
    """Where the source's own document lies in the record."""
    return ("data", "object") if "data" in event else ("body",) if "body" in event else ()


def part_of(event: Json, path: Field) -> object:
    here: object = event
    for step in path:
        here = here[step]  # type: ignore[index]
    return here


def silent(event: Json, rules: MappingRules) -> list[str]:
    """The fields whose absence changes the books and is not said."""
    whole = decision_of(event, rules)
    if not isinstance(whole, PostingPlan):
        return []
    books, said = books_of(whole), {each.code for each in whole.warnings}
    inside = body_path(event)
    found: list[str] = []
    paths = list(fields_of(part_of(event, inside)))
    for path in paths[:: -(-len(paths) // examples(len(paths)))]:
        for null in (False, True):
            decision = decision_of(without(event, (*inside, *path), null=null), rules)
            if isinstance(decision, RecordError):
                continue
            told = {each.code for each in decision.warnings} - said
            same = isinstance(decision, PostingPlan) and books_of(decision) == books
            if not same and not told:
                named = ".".join("[]" if isinstance(step, int) else str(step) for step in path)
                found.append(named + (" null" if null else ""))
    return sorted(set(found))


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}")
def test_a_field_that_is_left_out_never_changes_the_books_in_silence(event: Path) -> None:
    """Guard: what decides about money, tax, day or account has no default but those of `kept_defaults.py`."""
    rules = event.with_name("rules.toml")
    found = silent(json.loads(event.read_bytes()), load_rules(rules.read_text()) if rules.exists() else RULES)
    assert [name for name in found if name.removesuffix(" null") not in KEPT] == []
