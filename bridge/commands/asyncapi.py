"""`qbo-bridge asyncapi`: prints the contract of the bus; nothing is read but the configuration."""

from __future__ import annotations

import sys
from importlib.metadata import version

import orjson

from bridge.config.settings import Settings, TopicSettings
from bridge.service.asyncapi import bus_contract


def print_contract(settings: Settings | None, *, on_one_line: bool = False) -> None:
    """The contract as JSON, indented unless it is wanted on one line; without settings of the default names."""
    if settings is None:
        contract = bus_contract(version("qbo-bridge"), TopicSettings())
    else:
        contract = bus_contract(version("qbo-bridge"), settings.topics, kafka=settings.kafka, tokens=settings.tokens)
    sys.stdout.write(orjson.dumps(contract, option=None if on_one_line else orjson.OPT_INDENT_2).decode() + "\n")
