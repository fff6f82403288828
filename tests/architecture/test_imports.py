"""Each library has one home, and concrete classes are put together in one place."""

from __future__ import annotations

import pytest

from tests.architecture.imports import Import, imports, imports_of, within

ALLOWED_LIBRARIES = {"contracts": {"pydantic", "orjson", "jiter"}, "mappings": {"pydantic"}}

HOMES: dict[str, tuple[str, ...]] = {
    "aiokafka": ("bridge.kafka",),
    "faststream": ("bridge.kafka",),
    "httpx": ("bridge.quickbooks", "bridge.demo", "bridge.sandbox"),
    "msgspec": ("bridge.quickbooks",),
    "cryptography": ("bridge.quickbooks",),
    "confluent_kafka": ("bridge.demo", "bridge.kafka.inspection"),
    "lark": ("bridge.sandbox",),
    "opentelemetry": (
        "bridge.telemetry.traces",
        "bridge.kafka.traces",
        "bridge.service.traced_owner",
        "bridge.service.tracing",
    ),
    "prometheus_client": ("bridge.telemetry.metrics", "bridge.service.http"),
    "starlette": ("bridge.service.http", "bridge.sandbox"),
    "uvicorn": ("bridge.service.http", "bridge.sandbox"),
    "typer": ("bridge.cli",),
    "rich": ("bridge.commands", "bridge.demo"),
    "uvloop": ("bridge.service.serving", "bridge.sandbox"),
}

WIRING = (
    "bridge.kafka.intake",
    "bridge.quickbooks.connection",
    "bridge.quickbooks.token_file",
    "bridge.kafka.token_topic",
)
COMPOSITION = (
    "bridge.service.app",
    "bridge.service.connections",
    "bridge.service.serving",
    "bridge.commands.doctor.examination",
    "bridge.kafka",
    "bridge.quickbooks",
)
ENTRANCES = ("bridge.cli", "bridge.commands")


def complaints(found: tuple[Import, ...]) -> list[str]:
    """Every import that is against a rule."""
    return [str(each) for each in found if _is_put_together_elsewhere(each) or _away_from_home(each)]


def _is_put_together_elsewhere(each: Import) -> bool:
    """True where a concrete class is taken by somebody who should be given it."""
    if within(each.name, "bridge.service.app", "bridge.service.serving"):
        return not within(each.module, "bridge.service.serving", *ENTRANCES)
    if within(each.name, *WIRING):
        return not within(each.module, *COMPOSITION)
    return within(each.name, "tests")


def _away_from_home(each: Import) -> bool:
    allowed = ALLOWED_LIBRARIES.get(each.module.split(".", maxsplit=1)[0])
    if allowed is not None and each.third_party:
        return each.top not in allowed
    return each.top in HOMES and not within(each.module, *HOMES[each.top])


def test_libraries_and_concrete_classes_stay_in_their_homes() -> None:
    """No module of ours takes what it should be given."""
    assert complaints(imports()) == []


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("contracts.money", "import httpx"),
        ("mappings.lines", "import structlog"),
        ("bridge.company.pipeline", "from aiokafka import AIOKafkaConsumer"),
        ("bridge.company.owner", "import httpx"),
        ("bridge.company.owner", "from bridge.service import app"),
        ("bridge.service.app", "from bridge.service import serving"),
        ("bridge.company.owner", "from bridge.quickbooks.connection import open_client"),
        ("bridge.service.http", "from tests.support import clocks"),
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
