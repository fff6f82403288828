"""TLS and passwords at a real Kafka: every way in, the sentence for every wrong one, and the whole bridge over them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.demo.events import ORDERS_ONLY, EventSettings, generate
from bridge.kafka.connection import KafkaConnection, SaslMechanism, SecurityProtocol
from bridge.kafka.errors import BrokerError, said
from bridge.kafka.reader import publish, read_topic
from bridge.kafka.topics import create_missing, log_topic, partitions_of
from contracts.records import OutboundRecord
from tests.support.kafka.cluster import KafkaCluster
from tests.support.kafka.secured import PASSWORD
from tests.support.kafka.ways import as_settings, way_in
from tests.support.processes import sandbox_server
from tests.support.stage import Stage, counted

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize(
    ("protocol", "mechanism"),
    [
        ("SSL", "PLAIN"),
        ("SASL_SSL", "PLAIN"),
        ("SASL_SSL", "SCRAM-SHA-256"),
        ("SASL_SSL", "SCRAM-SHA-512"),
        ("SASL_PLAINTEXT", "PLAIN"),
        ("SASL_PLAINTEXT", "SCRAM-SHA-256"),
        ("SASL_PLAINTEXT", "SCRAM-SHA-512"),
    ],
)
async def test_every_way_in_creates_writes_and_reads(
    secure_broker: KafkaCluster, unique: str, protocol: SecurityProtocol, mechanism: SaslMechanism
) -> None:
    """Admin, producer and consumer, with a client's certificate or with a name and a password."""
    connection = way_in(secure_broker, protocol, mechanism)
    assert await create_missing(connection, [log_topic(unique)]) == (unique,)
    await publish(connection, [OutboundRecord(topic=unique, key=b"k", value=b"v")])
    assert [record.value async for record in read_topic(connection, unique)] == [b"v"]


def wrong_authority(broker: KafkaCluster) -> KafkaConnection:
    assert broker.certificates is not None
    return replace(way_in(broker, "SASL_SSL"), ssl_cafile=str(broker.certificates.stranger))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (wrong_authority, "its certificate is not signed by an authority of kafka.ssl_cafile"),
        (lambda b: replace(way_in(b, "SASL_SSL"), ssl_cafile=None), "and kafka.ssl_cafile is not set"),
        (lambda b: way_in(b, "SASL_SSL", host="127.0.0.1"), "its certificate is for another host name"),
        (
            lambda b: replace(way_in(b, "SASL_SSL"), sasl_plain_password="wrong-one"),
            "it refuses kafka.sasl_plain_username or kafka.sasl_plain_password",
        ),
        (
            lambda b: replace(way_in(b, "SASL_SSL", "SCRAM-SHA-512"), sasl_plain_username="nobody"),
            "it refuses kafka.sasl_plain_username or kafka.sasl_plain_password",
        ),
        (
            lambda b: replace(way_in(b, "SASL_SSL"), security_protocol="PLAINTEXT"),
            "does it expect TLS? kafka.security_protocol is PLAINTEXT",
        ),
        (
            lambda b: replace(way_in(b, "SASL_SSL"), security_protocol="SASL_PLAINTEXT"),
            "does it expect TLS? kafka.security_protocol is SASL_PLAINTEXT",
        ),
        (
            lambda b: replace(way_in(b, "SASL_PLAINTEXT"), security_protocol="PLAINTEXT"),
            "does it ask for a password? kafka.security_protocol is PLAINTEXT",
        ),
        (
            lambda b: replace(way_in(b, "SASL_SSL"), bootstrap_servers=b.bootstrap_servers),
            "it closes the connection; does it speak TLS",
        ),
        (
            lambda b: replace(way_in(b, "SASL_PLAINTEXT"), bootstrap_servers=b.bootstrap_servers, ssl_cafile=None),
            "it asks for no password; kafka.security_protocol is SASL_PLAINTEXT",
        ),
        (
            lambda b: replace(way_in(b, "SSL"), ssl_certfile=None, ssl_keyfile=None),
            "want a client certificate? kafka.security_protocol is SSL",
        ),
        (lambda b: replace(way_in(b, "SASL_SSL"), bootstrap_servers="127.0.0.1:1"), "127.0.0.1:1: nothing listens"),
        (lambda b: replace(way_in(b, "SASL_SSL"), bootstrap_servers="kafka.invalid:1"), "the host name is not known"),
    ],
    ids=[
        "authority",
        "no authority",
        "host name",
        "password",
        "user",
        "plain to TLS",
        "password to TLS",
        "no password",
        "TLS to plain",
        "password to plain",
        "no client certificate",
        "nobody there",
        "no such host",
    ],
)
async def test_every_wrong_way_in_has_its_sentence(secure_broker: KafkaCluster, wrong: object, words: str) -> None:
    """The address and what to look at, never a secret. Guard: `why_unreachable`."""
    assert callable(wrong)
    connection: KafkaConnection = wrong(secure_broker)
    with pytest.raises(BrokerError) as raised:
        await partitions_of(connection, "x")
    sentence = said(raised.value)
    assert words in sentence, sentence
    assert sentence.startswith("no broker answers at the addresses of kafka.bootstrap_servers (")
    assert "wrong-one" not in sentence
    assert PASSWORD not in sentence


async def test_the_host_name_check_can_be_left_out(secure_broker: KafkaCluster) -> None:
    """For an address that the certificate does not name; its authority is checked all the same."""
    connection = replace(way_in(secure_broker, "SASL_SSL", host="127.0.0.1"), ssl_check_hostname=False)
    assert await partitions_of(connection, "no-such-topic") == []
    with pytest.raises(BrokerError):
        await partitions_of(replace(wrong_authority(secure_broker), ssl_check_hostname=False), "no-such-topic")


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "mechanism"), [("SASL_SSL", "SCRAM-SHA-512"), ("SSL", "PLAIN")])
async def test_the_whole_bridge_works_over_it(
    secure_broker: KafkaCluster, unique: str, tmp_path: Path, protocol: SecurityProtocol, mechanism: SaslMechanism
) -> None:
    """`run` as a process, its tokens on Kafka too, and `results` reads it. Guard: `client_options` everywhere."""
    connection = way_in(secure_broker, protocol, mechanism)
    sample = generate(EventSettings(seed=3, orders=20, mix=ORDERS_ONLY))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        environ = as_settings(connection) | {
            "QBO_BRIDGE_TOKENS__STORE": "kafka",
            "QBO_BRIDGE_TOKENS__TOPIC": f"tokens-{unique}",
        }
        stage = Stage.of(connection, url, tmp_path, unique, environ=environ)
        await stage.create_topics()
        produced = await stage.produce(event.record for event in sample.events)
        async with stage.bridge():
            results = await stage.outcomes(produced, timeout_s=90)
        shown = read_results(stage)
    assert counted(results)["posted"] >= 20
    assert "dead_lettered" not in counted(results)
    assert await stage.read(stage.topic("qbo.journal"))
    assert [record async for record in read_topic(connection, f"tokens-{unique}")]
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.splitlines()) >= produced


def read_results(stage: Stage) -> subprocess.CompletedProcess[str]:
    """`qbo-bridge results` with the same configuration."""
    words = ["results", "--from-beginning", "--json", "--config", str(stage.config())]
    command = [sys.executable, "-m", "bridge.cli.app", *words]
    return subprocess.run(command, env=stage.environment(), capture_output=True, text=True, timeout=60, check=False)
