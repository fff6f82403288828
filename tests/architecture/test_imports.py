"""The directions of DESIGN's walk, kept true: left knows nothing of right, and each library has one home."""

from __future__ import annotations

import pytest

from tests.architecture.imports import Import, imports, imports_of, within

ALLOWED_LIBRARIES = {"contracts": {"pydantic", "orjson"}, "mappings": {"pydantic"}}

HOMES: dict[str, tuple[str, ...]] = {
    "aiokafka": ("bridge.kafka",),
    "faststream": ("bridge.kafka",),
    "httpx": ("bridge.quickbooks", "bridge.sandbox"),
    "cryptography": ("bridge.quickbooks",),
    "confluent_kafka": ("bridge.sandbox", "bridge.kafka.inspection"),
    "lark": ("bridge.sandbox",),
    "prometheus_client": ("bridge.telemetry", "bridge.http"),
    "starlette": ("bridge.http", "bridge.sandbox"),
    "uvicorn": ("bridge.http", "bridge.sandbox"),
    "typer": (
        "bridge.cli",
        "bridge.cli_backfill",
        "bridge.cli_connections",
        "bridge.cli_letters",
        "bridge.cli_options",
        "bridge.cli_verify",
    ),
    "rich": ("bridge.commands", "bridge.sandbox"),
    "uvloop": ("bridge.serving", "bridge.sandbox"),
}

PURE = (
    "contracts",
    "mappings",
    "bridge.decode",
    "bridge.decoding",
    "bridge.judging",
    "bridge.routing",
    "bridge.planning",
    "bridge.index",
    "bridge.posted",
    "bridge.recollection",
    "bridge.settlement",
    "bridge.verification",
    "bridge.reporting",
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
ENTRANCES = ("bridge.cli", "bridge.cli_letters", "bridge.commands", "bridge.doctor.examination")


def complaints(found: tuple[Import, ...]) -> list[str]:
    """Every import that is against a rule."""
    return [str(each) for each in found if _wrong_direction(each) or _away_from_home(each) or _impure(each)]


def _wrong_direction(each: Import) -> bool:
    if within(each.module, "contracts") and within(each.name, "mappings", "bridge"):
        return True
    if within(each.module, "mappings") and within(each.name, "bridge"):
        return True
    if within(each.name, "bridge.sandbox"):
        return not within(each.module, "bridge.sandbox", "bridge.cli")
    if within(each.name, "bridge.app", "bridge.serving"):
        return not within(each.module, "bridge.serving", *ENTRANCES)
    if within(each.name, *WIRING):
        return not within(
            each.module,
            "bridge.app",
            "bridge.connections",
            "bridge.doctor.examination",
            "bridge.kafka",
            "bridge.quickbooks",
            "bridge.sandbox",
            "bridge.serving",
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
        ("mappings.lines", "from bridge.index import Index"),
        ("mappings.lines", "import structlog"),
        ("bridge.pipeline", "from aiokafka import AIOKafkaConsumer"),
        ("bridge.company", "import httpx"),
        ("bridge.settlement", "import asyncio"),
        ("bridge.planning.schedule", "from pathlib import Path"),
        ("bridge.company", "from bridge.sandbox.events import generate"),
        ("bridge.company", "from bridge import app"),
        ("bridge.app", "from bridge import serving"),
        ("bridge.company", "from bridge.quickbooks.connection import open_client"),
        ("bridge.http", "from tests import clocks"),
    ],
)
def test_an_import_against_the_design_is_found(module: str, statement: str) -> None:
    """The rules above see what they are for."""
    assert complaints(tuple(imports_of(module, statement)))


def test_an_import_along_the_design_is_none_of_our_business() -> None:
    """The rules leave the rest alone."""
    source = "import asyncio\nimport structlog\nfrom bridge.index import Index\nfrom contracts.money import Money\n"
    assert complaints(tuple(imports_of("bridge.company", source))) == []
