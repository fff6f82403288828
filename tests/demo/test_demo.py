"""The demo as a new user runs it, and what it would say if the books were wrong."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bridge.demo.audit import AuditedBooks, differences
from bridge.demo.events import ExpectedSale, Sample
from bridge.demo.processes import DemoFailed, running
from bridge.demo.report import report
from bridge.demo.stage import CONFIG, first_words
from contracts.keys import SourceKey

ORDER = SourceKey("shopify", "order", "1")
SALE = ExpectedSale(document=ORDER, total=Decimal("9.50"), received=Decimal("9.50"), currency="USD")


def invoice(total: str = "9.50", balance: str = "0", ident: str = "7") -> dict[str, Any]:
    return {
        "Id": ident,
        "TotalAmt": Decimal(total),
        "Balance": Decimal(balance),
        "PrivateNote": f"[qbb:{ORDER}]",
        "CurrencyRef": {"value": "USD"},
    }


def payment(amount: str = "9.50") -> dict[str, Any]:
    line = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": "7", "TxnType": "Invoice"}]}
    return {"TotalAmt": Decimal(amount), "CurrencyRef": {"value": "USD"}, "Line": [line]}


CALLS = ("batches", "batch_items", "writes", "metered_reads", "throttled")
CARD = {"Amount": Decimal("-5.00"), "SalesItemLineDetail": {"ItemRef": {"value": "9"}}}


def books(invoices: list[dict[str, Any]], payments: list[dict[str, Any]], **entities: int) -> AuditedBooks:
    return AuditedBooks(
        {ORDER: tuple(invoices)} if invoices else {},
        tuple(payments),
        requests=dict.fromkeys(CALLS, 0),
        entities=entities,
        pages=0,
    )


def shown(after: AuditedBooks) -> str:
    """What the demo prints of these books."""
    out = Console(record=True, width=100, file=io.StringIO())
    report(out, sample=Sample((), (SALE,)), results={}, books=(books([], []), after, after), seconds=1.0, problems=())
    return out.export_text()


@pytest.mark.slow
def test_the_demo_ends_with_0_and_says_that_the_books_are_right() -> None:
    """Broker, sandbox, bridge and replay, all as processes of their own."""
    command = [sys.executable, "-m", "bridge.cli.app", "demo", "--orders", "12"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "each thing once" in ended.stdout
    assert "0 writes" in ended.stdout


def test_right_books_have_no_differences() -> None:
    """Total, money and balance are those of the events."""
    assert differences([SALE], books([invoice()], [payment()])) == ()


def test_gift_card_that_paid_a_part_is_neither_missing_money_nor_a_smaller_sale() -> None:
    """It is a negative line on the invoice."""
    assert differences([SALE], books([invoice(total="4.50") | {"Line": [CARD]}], [payment("4.50")])) == ()


@pytest.mark.parametrize(
    ("invoices", "payments", "said"),
    [
        ([], [], "0 invoices instead of one"),
        ([invoice(), invoice(ident="8")], [payment()], "2 invoices instead of one"),
        ([invoice(total="9.49")], [payment()], "total 9.49 instead of 9.50"),
        ([invoice()], [payment(), payment()], "received 19.00 instead of 9.50"),
        ([invoice(balance="1")], [payment()], "balance 1.00 instead of 0.00"),
    ],
)
def test_wrong_books_are_told_apart(invoices: list[Any], payments: list[Any], said: str) -> None:
    """Lost, twice, a cent off, paid twice, still open: each has its sentence."""
    assert said in " ".join(differences([SALE], books(invoices, payments)))


def test_an_invoice_that_nobody_asked_for_is_a_difference() -> None:
    """Nothing of ours stands in the books without an event."""
    assert "no event asked for" in differences([], books([invoice()], []))[0]


def test_what_was_refunded_and_what_gift_cards_paid_have_lines_of_their_own() -> None:
    """So that the totals add up to what was sold."""
    text = shown(books([invoice(total="4.50") | {"Line": [CARD]}], [payment("4.50")], RefundReceipt=3, CreditMemo=2))
    rows = dict(re.findall(r"│ (\S.*?) +│ +(\d+) +│", text))
    assert (rows["refund receipts"], rows["credit memos"]) == ("3", "2")
    assert re.search(r"paid by gift cards, on invoices +│ +│ 5.00 USD", text)


def test_what_is_not_in_the_books_has_no_line() -> None:
    """A table of zeros tells nothing."""
    text = shown(books([invoice()], [payment()]))
    assert "invoices" in text
    assert not re.search("refund|credit|gift|journal", text)


def test_a_process_that_ends_early_is_told_with_its_last_words(tmp_path: Path) -> None:
    """The demo fails with what its part said, and does not wait for results that cannot come."""
    with running(["run", "--config", str(tmp_path / "absent.toml")], tmp_path / "log") as process:
        process.stop()
        with pytest.raises(DemoFailed, match=r"`qbo-bridge run` ended with exit code"):
            process.check()


def test_what_the_demo_starts_sees_nothing_of_the_users_own_bridge(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Their Kafka and their books stay untouched: the first mistake that it finds is in what the demo passes on."""
    monkeypatch.setenv("QBO_BRIDGE_ELSEWHERE__KEY", "of the user's own")
    config = tmp_path / "bridge.toml"
    config.write_text(
        CONFIG.format(broker="127.0.0.1:1", sandbox="http://127.0.0.1:1", realm=1, client_id="c", rules="")
    )
    passed_on = {"QBO_BRIDGE_LOGS__NONSENSE": "x"}
    with running(["results", "--config", str(config)], tmp_path / "said.log", passed_on) as process:
        said = asyncio.run(first_words(process, re.compile(r"QBO_BRIDGE_\w+")))
    assert said == "QBO_BRIDGE_LOGS__NONSENSE"
