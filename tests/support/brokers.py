"""Brokers for tests, as a pytest plugin (`pytest_plugins = ["tests.support.brokers"]`).

The embedded broker always runs. The real one is the address in `QBO_BRIDGE_TEST_KAFKA`, or Apache Kafka started from
Maven's artifacts where Java and Maven are. Where neither is, tests that need it are skipped with the reason, except
where a missing broker would hide a failure: with `CI=true` or `QBO_BRIDGE_REQUIRE_KAFKA=1` they fail.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import NoReturn

import pytest

from bridge.demo.broker import embedded_broker
from bridge.kafka.connection import KafkaConnection
from tests.support.kafka.cluster import KafkaCluster, running_cluster
from tests.support.kafka.jars import KafkaMissing, classpath, find_java

REQUIRED = os.environ.get("CI") == "true" or os.environ.get("QBO_BRIDGE_REQUIRE_KAFKA") == "1"


@pytest.fixture(scope="session")
def embedded() -> Iterator[KafkaConnection]:
    """The mock cluster in its own process, for the whole session: use names of your own (`unique`)."""
    with embedded_broker() as address:
        yield KafkaConnection(bootstrap_servers=address, transactions=False)


@pytest.fixture(scope="session")
def real() -> Iterator[KafkaConnection]:
    """A real Kafka for the whole session: use names of your own (`unique`)."""
    given = os.environ.get("QBO_BRIDGE_TEST_KAFKA")
    if given:
        yield KafkaConnection(bootstrap_servers=given)
        return
    for cluster in _running(nodes=1):
        yield KafkaConnection(bootstrap_servers=cluster.bootstrap_servers)


@pytest.fixture(scope="module")
def real_cluster() -> Iterator[KafkaCluster]:
    """Three nodes that the tests of one module may stop and kill."""
    yield from _running(nodes=3)


@pytest.fixture(scope="module")
def lone_broker() -> Iterator[KafkaCluster]:
    """One node that the tests of one module may stop and kill."""
    yield from _running(nodes=1)


@pytest.fixture(scope="session")
def secure_broker() -> Iterator[KafkaCluster]:
    """One node with TLS, passwords and an authoriser (`tests.support.kafka.secured`), beside its open listener."""
    yield from _running(nodes=1, secure=True)


@pytest.fixture(scope="session")
def kafka_jars() -> None:
    """Java and Kafka's own classes, for tests that start a broker their own way."""
    try:
        find_java()
        classpath()
    except KafkaMissing as error:
        _missing(error)


@pytest.fixture
def unique() -> str:
    """A suffix for companies and topics, so that tests share a broker without meeting."""
    return uuid.uuid4().hex[:8]


def _running(nodes: int, *, secure: bool = False) -> Iterator[KafkaCluster]:
    try:
        with running_cluster(nodes=nodes, secure=secure) as cluster:
            yield cluster
    except KafkaMissing as error:
        _missing(error)


def _missing(error: KafkaMissing) -> NoReturn:
    if REQUIRED:
        pytest.fail(f"a real Kafka is required here: {error}")
    pytest.skip(f"no real Kafka: {error}")
