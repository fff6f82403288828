"""One order that QBO answers with 500 every time, across kill -9: it ends as a dead letter, and the company works."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from random import Random

import pytest

from bridge.demo.events import ORDERS_ONLY, Sample, SampleEvent
from bridge.kafka.connection import KafkaConnection
from contracts.results import Result
from tests.support.fleet import Fleet, fleet_of, until
from tests.support.verdict import all_told, judge, read_bus

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_the_payload_is_given_up_after_a_restart_and_its_redrive_is_posted(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """The journal resends it first, then all others are booked. Guards: it is set aside, given up, and kept."""
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 40, ORDERS_ONLY)
        culprit = next(sale.document for sale in sample.sales if not sale.cancelled)
        poison = f"[qbb:{culprit} "
        fleet.break_qbo("fail_before", count=None, operation="write", status=500, body=poison)
        first = fleet.start("one", "-m", "tests.support.launch", "--faster", "2")
        events = await fleet.produce(sample.events, chance)
        await until(lambda: fleet.faults()[0]["applied"], "the first failure")
        first.kill()
        fleet.start("two", "-m", "tests.support.launch", "--faster", "2")
        rejected = await _rejected(fleet, str(culprit))
        assert rejected.reason is not None
        assert (rejected.reason.code, rejected.reason.fault_code) == ("rejected", "http_500")
        fleet.heal_qbo()
        events += await fleet.produce(_told_of(sample, culprit.id), chance)
        bus = await all_told(fleet, events)
        letters = {
            (each.reason.code, each.source.document)
            for each in bus.results
            if each.status == "dead_lettered" and each.reason is not None
        }
        assert {document for code, document in letters if code == "rejected"} == {str(culprit)}
        assert {code for code, _ in letters} <= {"rejected", "orphan"}  # its money ends with the order
        assert judge(fleet, company, sample, bus, events).problems == (), f"seed {seed}"


def _told_of(sample: Sample, ident: str) -> list[SampleEvent]:
    names = (f'"id":{ident}'.encode(), f'"order_id":{ident}'.encode())
    return [event for event in sample.events if any(name in (event.record.value or b"") for name in names)]


async def _rejected(fleet: Fleet, document: str, limit_s: float = 90.0) -> Result:
    """The first dead letter of this document."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        bus = await read_bus(fleet)
        for each in bus.results:
            if each.source.document == document and each.status == "dead_lettered":
                return each
        await asyncio.sleep(0.3)
    said = "\n".join(replica.said[-3000:] for replica in fleet.replicas)
    raise AssertionError(f"{document} was not refused\n{said}")
