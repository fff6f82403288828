"""Each field of each golden event left out, or null: the same books, a refusal, or a warning; never others in silence.

What the books are of an event: which documents, of which day, currency, amounts, taxes and accounts. Names, numbers,
addresses and texts are not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import combinations, product
from pathlib import Path
from typing import TypeVar

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
T = TypeVar("T")
AMOUNT = re.compile(r"-?\d{1,7}(\.\d+)?")
"""What may be money; ids are longer."""
OTHERS = 20
"""How many pairs of other fields are tried of each event on CI's profile, beside all pairs of amounts."""


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
    inside, whole = body_path(event), decision_of(event, rules)
    tries = product(some_of(list(fields_of(part_of(event, inside)))), (False, True))
    return sorted(
        {
            dotted(path) + (" null" if null else "")
            for path, null in tries
            if changes_in_silence(whole, without(event, (*inside, *path), null=null), rules)
        }
    )


def silent_together(event: Json, rules: MappingRules) -> list[tuple[str, str]]:
    """The pairs of fields of one object, neither of them a kept default, whose absence changes the books unsaid."""
    inside, whole = body_path(event), decision_of(event, rules)
    paths = [path for path in fields_of(part_of(event, inside)) if dotted(path) not in KEPT]
    pairs = [pair for pair in combinations(paths, 2) if pair[0][:-1] == pair[1][:-1]]
    amounts = {path for path in paths if AMOUNT.fullmatch(str(part_of(event, (*inside, *path))))}
    others = [pair for pair in pairs if not amounts.issuperset(pair)]
    found = set()
    for first, second in [pair for pair in pairs if amounts.issuperset(pair)] + some_of(others, OTHERS):
        cut = without(without(event, (*inside, *first), null=False), (*inside, *second), null=False)
        if changes_in_silence(whole, cut, rules):
            found.add((dotted(first), dotted(second)))
    return sorted(found)


def some_of(paths: list[T], whole: int | None = None) -> list[T]:
    """As many of them as this profile tries, evenly spread."""
    return paths[:: max(1, -(-len(paths) // examples(whole or len(paths) or 1)))]


def dotted(path: Field) -> str:
    return ".".join("[]" if isinstance(step, int) else str(step) for step in path)


def changes_in_silence(whole: PostingPlan | Ignored | RecordError, cut: Json, rules: MappingRules) -> bool:
    """True where `cut` means other books than `whole` does, and is neither refused nor warned of."""
    if not isinstance(whole, PostingPlan):
        return False
    decision = decision_of(cut, rules)
    if isinstance(decision, RecordError) or {each.code for each in decision.warnings} - {
        each.code for each in whole.warnings
    }:
        return False
    return not isinstance(decision, PostingPlan) or books_of(decision) != books_of(whole)


def rules_of(event: Path) -> MappingRules:
    """The rules beside an event."""
    beside = event.with_name("rules.toml")
    return load_rules(beside.read_text()) if beside.exists() else RULES


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}")
def test_a_field_that_is_left_out_never_changes_the_books_in_silence(event: Path) -> None:
    """Guard: what decides about money, tax, day or account has no default but those of `kept_defaults.py`."""
    found = silent(json.loads(event.read_bytes()), rules_of(event))
    assert [name for name in found if name.removesuffix(" null") not in KEPT] == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}")
def test_two_fields_that_are_left_out_together_never_change_the_books_in_silence(event: Path) -> None:
    """Guard: what one field tells another may tell too, and neither default is taken where both are gone."""
    assert silent_together(json.loads(event.read_bytes()), rules_of(event)) == []
