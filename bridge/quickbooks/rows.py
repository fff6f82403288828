"""Pages of transactions as the index reads them: of each row only the fields that it asks for are decoded.

A page of a thousand invoices is some 3 MB, and no other company of the process gets on while a parser in machine code
is at it: what nobody reads (lines, addresses, e-mail) is skipped. The lines of a sale are decoded when they are asked
for, which a take-over does for few. Numbers are int or Decimal, as everywhere.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any, TypedDict

from msgspec import MsgspecError, Raw
from msgspec.json import Decoder

from bridge.quickbooks import wire
from contracts.errors import Unavailable


class _Row(TypedDict, total=False):
    """What the index asks of any transaction."""

    Id: Any
    SyncToken: Any
    PrivateNote: Any
    TotalAmt: Any
    Amount: Any
    Balance: Any
    ExchangeRate: Any
    TxnDate: Any
    DocNumber: Any
    CurrencyRef: Any
    CustomerRef: Any
    DepositToAccountRef: Any
    FromAccountRef: Any
    ToAccountRef: Any
    PaymentRefNum: Any
    LinkedTxn: Any
    TxnTaxDetail: Any
    GlobalTaxCalculation: Any
    TrackingNum: Any
    ShipDate: Any
    ShipMethodRef: Any


class _WithLines(_Row, total=False):
    Line: Any


class _Form(_Row, total=False):
    Line: Raw


class _Response(TypedDict, total=False):
    Invoice: list[_Form]
    SalesReceipt: list[_Form]
    CreditMemo: list[_Form]
    RefundReceipt: list[_Form]
    Payment: list[_WithLines]
    JournalEntry: list[_WithLines]
    Deposit: list[_Row]
    Transfer: list[_Row]


class _Page(TypedDict, total=False):
    QueryResponse: _Response
    Fault: Any
    fault: Any
    error: Any


_FORMS = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")
_page = Decoder(_Page, float_hook=Decimal)
_value = Decoder(float_hook=Decimal)


def load_page(raw: bytes) -> dict[str, Any] | None:
    """As `wire.loads`, with rows that have no more than the index asks of them; `Line` of a sale is a function then."""
    try:
        str(raw, "utf-8")  # because what is skipped is not looked at, and a broken answer is no answer
        page: dict[str, Any] = _page.decode(raw)  # type: ignore[assignment]
    except (MsgspecError, ValueError, ArithmeticError, RecursionError):
        return wire.loads(raw)
    for entity in _FORMS:
        for row in page.get("QueryResponse", {}).get(entity, ()):
            if "Line" in row:
                row["Line"] = partial(_lines, row["Line"])
    return page


def _lines(raw: Raw) -> Any:
    try:
        return _value.decode(raw)
    except (MsgspecError, ArithmeticError):
        raise Unavailable("a row of QBO's answer has lines that cannot be read", retry_after_s=5.0) from None
