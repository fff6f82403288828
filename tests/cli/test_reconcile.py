"""What is typed for the month's end: wrong words are one sentence, and a quiet topic is no agreement."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from bridge.cli.app import app
from bridge.commands.reconcile.output import Balanced, Form, print_balanced
from bridge.commands.spans import parse_days
from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.controls import ControlAccount
from bridge.reconciliation.days import DayRow, Measure
from bridge.reconciliation.differences import Difference, DifferenceKind
from bridge.reconciliation.lines import DocumentLine
from bridge.reconciliation.reconciled import Reconciled
from contracts.keys import SourceKey

DAY = date(2026, 11, 3)
KEY = SourceKey("shopify", "order", "1001")
DIFFERENCE = Difference(
    kind=DifferenceKind.AMOUNT,
    entity="Invoice",
    key=KEY,
    day=DAY,
    currency="JPY",
    gateway="=stripe",
    source="1080",
    books="1000",
    why="another amount: the events say 1080, QuickBooks says 1000",
    ids=("145",),
    changed_at="2026-11-09T08:00:00-08:00",
    changed_by="7",
)
LINE = DocumentLine(
    entity="Invoice",
    key=KEY,
    sale=KEY,
    gateway="=stripe",
    currency="JPY",
    source_day=DAY,
    row=None,
    facts=None,
    source=Decimal(1080),
    difference=DIFFERENCE,
)
CARDS = ControlAccount(
    kind=ControlKind.GIFT_CARDS,
    name="Gift cards",
    gateway="",
    currency="JPY",
    before=Decimal(500),
    source=Decimal(80),
    books=Decimal(0),
    untold=3,
    documents=["invoice/145"],
)


def balanced(*, differs: bool, records: int = 1) -> Balanced:
    row = DayRow(day=DAY, currency="JPY", gateway="=stripe")
    row.source[Measure.SALES], row.books[Measure.SALES] = Decimal(1080), Decimal(1000)
    row.differing, row.difference = ([LINE], Decimal(80)) if differs else ([], Decimal(0))
    found = Reconciled(
        rows=[row],
        differences=[DIFFERENCE] if differs else [],
        in_clearing={(DAY, "JPY", "=stripe"): Decimal(500)},
        unrelated=2,
        controls=[CARDS] if differs else [],
    )
    read = {"records": records, "reads": 14}
    return Balanced(company="acme", first=DAY, last=DAY, found=found, unread=[], today=DAY + timedelta(days=1), **read)


def test_json_is_one_document_with_money_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    """In the currency's own decimals, with the documents and who changed them."""
    print_balanced(balanced(differs=True), Form.JSON)
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["reads"], found["unrelated"]) == ("differs", 14, 2)
    (day,), (each,) = found["days"], found["differences"]
    assert (day["sold"], day["invoiced"], day["difference"], day["in_clearing"]) == ("1080", "1000", "80", "500")
    assert (each["what"], each["entities"], each["changed_by"]) == ("amount", ["invoice/145"], "7")


def test_a_balance_that_is_not_told_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """Guard: `UNKNOWN`; an empty cell is a gateway without a clearing account."""
    report = balanced(differs=False)
    untold = replace(report, found=replace(report.found, in_clearing={(DAY, "JPY", "=stripe"): None}))
    print_balanced(untold, Form.JSON)
    assert json.loads(capsys.readouterr().out)["days"][0]["in_clearing"] == "unknown"


def test_csv_has_the_documents_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    """Guard: `_no_formula`; what a gateway is called must not run in a spreadsheet."""
    print_balanced(balanced(differs=True), Form.CSV)
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (row["day"], row["gateway"], row["sold"], row["invoiced"]) == ("2026-11-03", "'=stripe", "1080", "1000")
    assert row["documents"] == "amount shopify:order:1001 invoice/145"


def test_people_get_a_table_and_a_sentence_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence says what each side says, and when it was changed."""
    print_balanced(balanced(differs=True), Form.TABLE)
    out = capsys.readouterr().out
    assert "the events say 1080, QuickBooks says 1000 (last changed 2026-11-09T08:00:00-08:00 by user 7)" in out
    assert "2 documents of the books have nothing to do with the shop" in out
    assert "1 document differs." in out


def test_an_account_says_what_is_open_and_which_documents_are_behind_it(capsys: pytest.CaptureFixture[str]) -> None:
    """What lay there before is QuickBooks' word here; documents of no event are counted."""
    print_balanced(balanced(differs=True), Form.JSON)
    (cards,) = json.loads(capsys.readouterr().out)["accounts"]
    assert (cards["account"], cards["before"], cards["before_from"]) == ("Gift cards", "500", "quickbooks")
    assert (cards["open_by_events"], cards["open_by_books"], cards["difference"]) == ("580", "500", "-80")
    print_balanced(balanced(differs=True), Form.TABLE)
    out = capsys.readouterr().out
    assert "Gift cards: -80 JPY differ: invoice/145." in out
    assert "Gift cards: 3 documents are told by no event that was read" in out


def test_an_account_that_differs_is_no_agreement() -> None:
    """Guard: `Reconciled.agrees`; no document differs, and the account does."""
    report = balanced(differs=False)
    off = replace(report, found=replace(report.found, controls=[CARDS]))
    assert (off.verdict, off.agrees) == ("differs", False)


def test_agreement_needs_something_that_was_read() -> None:
    """Guard: no record is `nothing_read` and not an agreement."""
    assert (balanced(differs=False).verdict, balanced(differs=False).agrees) == ("agrees", True)
    quiet = balanced(differs=False, records=0)
    assert (quiet.verdict, quiet.agrees) == ("nothing_read", False)
    assert replace(balanced(differs=True), records=0).verdict == "differs"


def test_days_are_both_included() -> None:
    """One day is a span; the wrong way round is none."""
    assert parse_days("2026-11-03", "2026-11-03") == (DAY, DAY)
    with pytest.raises(ValueError, match="--from 2026-11-04 is after --to 2026-11-03"):
        parse_days("2026-11-04", "2026-11-03")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2026-11-31", "--to", "2026-12-01"), "expected a day"),
        (("--from", "2026-11-03", "--to", "2026-11-01"), "is after --to"),
        (("--from", "2026-11-01", "--to", "2026-11-30", "--csv", "--json"), "choose one of"),
    ],
)
def test_wrong_words_are_wrong_usage(words: tuple[str, ...], said: str) -> None:
    """Exit 2 and a sentence."""
    ended = CliRunner().invoke(app, ["reconcile", "--company", "acme", *words])
    assert ended.exit_code == 2
    assert said in " ".join(ended.output.replace("│", " ").split())


@pytest.mark.parametrize("later", [0, 1])
def test_days_that_are_not_over_are_called_so(capsys: pytest.CaptureFixture[str], later: int) -> None:
    """An agreement of today is none of the month; the last day counts until it has passed."""
    print_balanced(replace(balanced(differs=False), today=DAY + timedelta(days=later)), Form.TABLE)
    out = capsys.readouterr().out
    assert ("These days are not over on 2026-11-03" in out) is (later == 0)
    assert "Shop, processor and books agree." in out


@pytest.mark.parametrize("is_empty", [False, True])
def test_days_without_a_document_say_that_nothing_was_compared(
    capsys: pytest.CaptureFixture[str], *, is_empty: bool
) -> None:
    """A month that was typed wrongly agrees with anything."""
    report = balanced(differs=False)
    print_balanced(replace(report, found=replace(report.found, rows=[])) if is_empty else report, Form.TABLE)
    assert ("there was nothing to compare" in capsys.readouterr().out) is is_empty
