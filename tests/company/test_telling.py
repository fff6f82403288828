"""What a company tells of its micro-batches: each record counts once, and what is refused is one line of the log."""

from __future__ import annotations

from structlog.testing import capture_logs

from contracts.errors import BatchTooLarge
from tests.support.orders import ORDER_ID, bought
from tests.support.world import World, opened


def counted(acme: World) -> float:
    """The records of all micro-batches."""
    lines = acme.status.telemetry.exposition().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("qbo_bridge_micro_batch_records_sum"))


async def test_a_record_counts_once_where_fewer_are_taken_than_came() -> None:
    """Guard: a micro-batch that comes again shorter was counted twice."""
    async with opened() as acme:
        records = acme.records(*map(bought, range(1, 5)))
        await acme.process(records)
        before = counted(acme)
        acme.company.failed("a bug that one of them may meet", by_record=True)
        left, cut = records, 0
        while left:
            try:
                await acme.process(left)
                taken = len(left)
            except BatchTooLarge as asked:
                cut, taken = cut + 1, asked.records
                await acme.process(left[:taken])
            acme.company.committed()
            left = left[taken:]
        assert cut
        assert counted(acme) - before == len(records)


async def test_what_is_refused_is_one_line_with_its_reasons() -> None:
    """How many of each reason and where they came from, and nothing of what they hold."""
    async with opened() as acme:
        records = acme.records(b"no JSON", bought(1), b"neither", bought(2, total_price="1.00"))
        with capture_logs() as said:
            await acme.process(records)
    (line,) = [each for each in said if each["event"] == "records.refused"]
    assert (line["dead_letters"], line["reasons"]) == (3, {"undecodable": 2, "unbalanced": 1})
    assert line["records"] == [str(records[index].place) for index in (0, 2, 3)]


async def test_nothing_refused_is_nothing_said() -> None:
    """One line a micro-batch, not one for each."""
    async with opened() as acme:
        with capture_logs() as said:
            await acme.process(acme.records(bought(1)))
    assert [each for each in said if each["event"] == "records.refused"] == []


async def test_what_people_remove_is_said_once() -> None:
    """Which document it was; not again with the next look, nor by the next process."""
    async with opened() as acme:
        await acme.tell(bought(0, financial_status="pending", total_outstanding="42.90"))
        (invoice,) = acme.held("Invoice")
        await acme.by_a_person("delete", "Invoice", invoice["Id"])
        with capture_logs() as said:
            await acme.look()
            await acme.look()
            async with opened(after=acme) as again:
                await again.look()
    (line,) = [each for each in said if each["event"] == "books.removed"]
    assert (line["document"], line["id"]) == (f"shopify:order:{ORDER_ID}", invoice["Id"])
