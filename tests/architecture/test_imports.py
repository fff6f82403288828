"""The directions of DESIGN's walk, kept true: left knows nothing of right, and each library has one home."""

from __future__ import annotations

import pytest

from tests.architecture.imports import Import, imports, imports_of, within

ALLOWED_LIBRARIES = {"contracts": {"pydantic", "orjson"}, "mappings": {"pydantic"}}

HOMES: dict[str, tuple[str, ...]] = {
    "aiokafka": ("bridge.kafka",),
    "faststream": ("bridge.kafka",),
    "httpx": ("bridge.quickbooks", "bridge.demo", "bridge.sandbox"),
    "cryptography": ("bridge.quickbooks",),
    "confluent_kafka": ("bridge.sandbox", "bridge.kafka.inspection", "bridge.demo"),
    "lark": ("bridge.sandbox",),
    "prometheus_client": ("bridge.telemetry.metrics", "bridge.service.http"),
    "starlette": ("bridge.service.http", "bridge.sandbox"),
    "uvicorn": ("bridge.service.http", "bridge.sandbox"),
    "typer": (
        "bridge.cli.app",
        "bridge.cli.backfill",
        "bridge.cli.connections",
        "bridge.cli.dead_letters",
        "bridge.cli.options",
        "bridge.cli.verify",
    ),
    "rich": ("bridge.commands", "bridge.demo"),
    "uvloop": ("bridge.service.serving", "bridge.sandbox"),
}

PURE = (
    "contracts",
    "mappings",
    "bridge.decoding.record",
    "bridge.decoding",
    "bridge.decoding.decision",
    "bridge.decoding.routing",
    "bridge.planning",
    "bridge.index.index",
    "bridge.index.posted",
    "bridge.books.recovery",
    "bridge.settlement.outcome",
    "bridge.commands.verify.documents",
    "bridge.commands.verify.events",
    "bridge.settlement.reporting",
    "bridge.quickbooks.batching",
    "bridge.quickbooks.faults",
    "bridge.quickbooks.fault_codes",
)
WRITES_ITS_FILES = ("contracts.schemas.__main__",)
IMPURE = {"asyncio", "os", "pathlib", "random", "secrets", "socket", "subprocess", "tempfile", "threading", "time"}

WIRING = (
    "bridge.kafka.intake",
    "bridge.quickbooks.connection",
    "bridge.quickbooks.token_file",
    "bridge.kafka.token_topic",
)
ENTRANCES = ("bridge.cli.app", "bridge.cli.dead_letters", "bridge.commands", "bridge.commands.doctor.examination")


def complaints(found: tuple[Import, ...]) -> list[str]:
    """Every import that is against a rule."""
    return [str(each) for each in found if _wrong_direction(each) or _away_from_home(each) or _impure(each)]


def _wrong_direction(each: Import) -> bool:
    if within(each.module, "contracts") and within(each.name, "mappings", "bridge"):
        return True
    if within(each.module, "mappings") and within(each.name, "bridge"):
        return True
    if within(each.name, "bridge.sandbox"):
        return not within(each.module, "bridge.sandbox", "bridge.demo", "bridge.cli.app")
    if within(each.name, "bridge.service.app", "bridge.service.serving"):
        return not within(each.module, "bridge.service.serving", *ENTRANCES)
    if within(each.name, *WIRING):
        return not within(
            each.module,
            "bridge.service.app",
            "bridge.service.connections",
            "bridge.commands.doctor.examination",
            "bridge.kafka",
            "bridge.quickbooks",
            "bridge.sandbox",
            "bridge.service.serving",
        )
    return within(each.name, "tests")


def _away_from_home(each: Import) -> bool:
    allowed = ALLOWED_LIBRARIES.get(each.module.split(".", maxsplit=1)[0])
    if allowed is not None and each.third_party:
        return each.top not in allowed
    return each.top in HOMES and not within(each.module, *HOMES[each.top])


def _impure(each: Import) -> bool:
    return within(each.module, *PURE) and each.module not in WRITES_ITS_FILES and each.top in IMPURE


def test_imports_keep_their_directions() -> None:
    """No module of ours imports against the design."""
    assert complaints(imports()) == []


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("contracts.money", "from mappings.rules import MappingRules"),
        ("contracts.money", "import httpx"),
        ("contracts.keys", "import time"),
        ("mappings.lines", "from bridge.index.index import Index"),
        ("mappings.lines", "import structlog"),
        ("bridge.company.pipeline", "from aiokafka import AIOKafkaConsumer"),
        ("bridge.company.owner", "import httpx"),
        ("bridge.settlement.outcome", "import asyncio"),
        ("bridge.planning.schedule", "from pathlib import Path"),
        ("bridge.company.owner", "from bridge.sandbox.company import Company"),
        ("bridge.company.owner", "from bridge.service import app"),
        ("bridge.service.app", "from bridge.service import serving"),
        ("bridge.company.owner", "from bridge.quickbooks.connection import open_client"),
        ("bridge.service.http", "from tests import clocks"),
    ],
)
def test_an_import_against_the_design_is_found(module: str, statement: str) -> None:
    """The rules above see what they are for."""
    assert complaints(tuple(imports_of(module, statement)))


def test_an_import_along_the_design_is_none_of_our_business() -> None:
    """The rules leave the rest alone."""
    source = (
        "import asyncio\nimport structlog\nfrom bridge.index.index import Index\nfrom contracts.money import Money\n"
    )
    assert complaints(tuple(imports_of("bridge.company.owner", source))) == []
