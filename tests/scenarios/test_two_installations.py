"""Two installations on one cluster that both call a company `acme`: neither knows of the other."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import Fleet, fleet_of, trickle, until
from tests.support.verdict import all_told, problems

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

ORDERS = 40


async def test_installations_with_one_company_name_serve_each_their_own(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """Both own their company all the while, and book their own events once. Guard: `kafka.group` in the names."""
    async with AsyncExitStack() as stack:
        fleets: list[Fleet] = []
        for name in ("east", "west"):
            (tmp_path / name).mkdir()
            own = replace(real, group=f"books-{name}")
            fleets.append(await stack.enter_async_context(fleet_of(own, tmp_path / name)))
        shared = fleets[0].companies[0].name
        for fleet in fleets:
            fleet.companies = (replace(fleet.companies[0], name=shared),)
        owners = [fleet.start("owner") for fleet in fleets]
        for owner in owners:
            await until(lambda owner=owner: owner.phase(shared) == "running", "the start")  # type: ignore[misc]
        samples = [fleet.companies[0].sample(seed + number, ORDERS) for number, fleet in enumerate(fleets)]
        stories = zip(fleets, samples, strict=True)
        await asyncio.gather(*(trickle(fleet, sample.events, chance, over_s=6.0) for fleet, sample in stories))
        for fleet, sample, owner in zip(fleets, samples, owners, strict=True):
            await all_told(fleet, len(sample.events))
            assert await problems(fleet, [sample]) == [], f"seed {seed}"
            assert len(owner.events("company.owned")) == 1, "it was never disturbed"
