"""How to reach Kafka: one value for every client, its secrets out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram512

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.security import faststream_security
from contracts.errors import ConfigurationError


def test_secrets_are_not_shown() -> None:
    """A connection may be logged."""
    connection = KafkaConnection(
        bootstrap_servers="a:1",
        security_protocol="SASL_PLAINTEXT",
        sasl_plain_username="bridge",
        sasl_plain_password="s3cret-one",
        ssl_password="s3cret-two",
    )
    assert "s3cret" not in repr(connection)
    assert "bridge" in repr(connection)


def test_every_address_is_given_by_itself() -> None:
    """FastStream takes a string with commas for one host name. Guard: `addresses`."""
    connection = KafkaConnection(bootstrap_servers="a:1, b:2,c:3")
    assert connection.client_options()["bootstrap_servers"] == ["a:1", "b:2", "c:3"]


def test_a_plain_connection_has_no_tls_and_no_password() -> None:
    """The default, for a broker on loopback."""
    connection = KafkaConnection(bootstrap_servers="a:1")
    options = connection.client_options()
    assert options["security_protocol"] == "PLAINTEXT"
    assert options["ssl_context"] is None
    assert not {key for key in options if key.startswith("sasl_")}
    assert connection.isolation_level == "read_committed"
    security = faststream_security(connection)
    assert type(security) is BaseSecurity
    assert not security.use_ssl


def test_sasl_over_tls_verifies_the_broker() -> None:
    """Both clients get name, password, mechanism and a context that checks certificate and host name."""
    connection = KafkaConnection(
        bootstrap_servers="a:1",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username="bridge",
        sasl_plain_password="s3cret",
    )
    options = connection.client_options()
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("bridge", "s3cret")
    assert options["ssl_context"].check_hostname
    security = faststream_security(connection)
    assert isinstance(security, SASLScram512)
    assert security.use_ssl


def test_a_password_may_travel_without_tls_where_the_operator_says_so() -> None:
    """SASL_PLAINTEXT inside a private network."""
    connection = KafkaConnection(
        bootstrap_servers="a:1",
        security_protocol="SASL_PLAINTEXT",
        sasl_plain_username="bridge",
        sasl_plain_password="s3cret",
    )
    assert isinstance(faststream_security(connection), SASLPlaintext)
    assert connection.client_options()["ssl_context"] is None


def test_sasl_without_a_password_is_a_configuration_error() -> None:
    """One sentence that names the keys."""
    with pytest.raises(ConfigurationError, match="sasl_plain_password"):
        KafkaConnection(bootstrap_servers="a:1", security_protocol="SASL_SSL", sasl_plain_username="bridge")


def test_a_certificate_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    """Missing, or not a certificate."""
    broken = tmp_path / "ca.pem"
    broken.write_text("not a certificate")
    for path in (broken, tmp_path / "missing.pem"):
        connection = KafkaConnection(bootstrap_servers="a:1", security_protocol="SSL", ssl_cafile=str(path))
        with pytest.raises(ConfigurationError, match="ssl_cafile"):
            connection.client_options()


def test_the_host_name_check_can_be_switched_off_alone() -> None:
    """For brokers behind addresses that their certificate does not name; the certificate is verified all the same."""
    context = KafkaConnection(bootstrap_servers="a:1", security_protocol="SSL", ssl_check_hostname=False).ssl_context()
    assert context is not None
    assert not context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
