"""What the demo shows at its end: what became of the events, what is in the books, and whether both agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from bridge.demo.audit import AuditedBooks
from bridge.demo.events import Sample
from contracts.money import plain
from contracts.results import Result

DIFFERENCES_SHOWN = 10
OTHERS = (
    ("Customer", "new customers"),
    ("Item", "new items"),
    ("RefundReceipt", "refund receipts"),
    ("CreditMemo", "credit memos"),
    ("JournalEntry", "journal entries (fees)"),
)
"""What else there may be, in the words of the table."""


def report(
    out: Console,
    *,
    sample: Sample,
    results: Mapping[str, Result],
    books: tuple[AuditedBooks, AuditedBooks, AuditedBooks],
    seconds: float,
    problems: Sequence[str],
) -> None:
    """Print the tables and the verdict; `books` are those before the events, after them, and after the replay."""
    before, after, again = books
    calls = _spent(before, after)
    replayed = _spent(after, again)
    out.print()
    out.print(_events_table(results))
    out.print(_books_table(sample, before, after))
    out.print(
        f"{len(results)} records in {seconds:.1f} s, start-up included. QBO calls: {calls['batches']} batches with "
        f"{calls['batch_items']} items, {calls['writes']} single writes, {calls['metered_reads']} reads (warm-up), "
        f"{calls['throttled']} throttled.",
        soft_wrap=True,
    )
    out.print(
        f"The same events again, to a fresh bridge: {replayed['metered_reads']} reads (warm-up), "
        f"{replayed['writes'] + replayed['batches']} writes.",
        soft_wrap=True,
    )
    _conclude(out, problems)


def _spent(before: AuditedBooks, after: AuditedBooks) -> dict[str, int]:
    """The bridge's own calls between two looks at the books; the first look's queries are not its own."""
    spent = {kind: count - before.requests[kind] for kind, count in after.requests.items()}
    return spent | {"metered_reads": spent["metered_reads"] - before.pages}


def _conclude(out: Console, problems: Sequence[str]) -> None:
    if not problems:
        out.print("[bold green]The books say what the events said, to the cent, and each thing once.[/]")
        return
    out.print(f"[bold red]The books differ from the events in {len(problems)} places:[/]")
    for problem in problems[:DIFFERENCES_SHOWN]:
        out.print(f"  {problem}", markup=False, soft_wrap=True)


def _events_table(results: Mapping[str, Result]) -> Table:
    counts = Counter((result.status.value, result.reason.code if result.reason else "") for result in results.values())
    table = Table("became", "why", "records", title="What became of each event", title_justify="left")
    for (status, code), count in sorted(counts.items(), key=lambda row: (-row[1], row[0])):
        table.add_row(status, code, str(count))
    return table


def _books_table(sample: Sample, before: AuditedBooks, books: AuditedBooks) -> Table:
    table = Table("", "in the books", "total", title="What is in QuickBooks", title_justify="left")
    cancelled = sum(sale.cancelled for sale in sample.sales)
    table.add_row("orders and charges told of", str(len(sample.sales)), f"{cancelled} of them cancelled")
    table.add_row("invoices", str(len(books.invoices)), _money(books.totals("invoices")))
    table.add_row("payments", str(len(books.payments)), _money(books.totals("payments")))
    redeemed = books.redeemed
    if redeemed:
        table.add_row("paid by gift cards, on invoices", "", _money(redeemed))
    for entity, said in OTHERS:
        count = books.entities.get(entity, 0) - before.entities.get(entity, 0)
        if count:
            table.add_row(said, str(count), "")
    return table


def _money(totals: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{plain(amount, currency)} {currency}" for currency, amount in sorted(totals.items()))
