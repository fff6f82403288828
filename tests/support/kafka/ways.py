"""How a client of ours reaches the secured broker."""

from __future__ import annotations

from bridge.config.settings import KafkaSettings
from bridge.kafka.connection import KafkaConnection, SaslMechanism, SecurityProtocol
from tests.support.kafka.cluster import KafkaCluster
from tests.support.kafka.secured import KEY_PASSWORD, PASSWORD, USER


def way_in(
    broker: KafkaCluster, protocol: SecurityProtocol, mechanism: SaslMechanism = "PLAIN", *, host: str = "localhost"
) -> KafkaConnection:
    """How `bridge` reaches the broker by *protocol*, with everything right."""
    assert broker.certificates is not None
    certificates = broker.certificates
    by_certificate = protocol == "SSL"
    return KafkaConnection(
        bootstrap_servers=f"{host}:{broker.secure_ports[protocol]}",
        security_protocol=protocol,
        sasl_mechanism=mechanism,
        sasl_plain_username=None if by_certificate else USER,
        sasl_plain_password=None if by_certificate else PASSWORD,
        ssl_cafile=str(certificates.ca),
        ssl_certfile=str(certificates.client) if by_certificate else None,
        ssl_keyfile=str(certificates.client_key) if by_certificate else None,
        ssl_password=KEY_PASSWORD if by_certificate else None,
    )


def as_settings(connection: KafkaConnection) -> dict[str, str]:
    """The connection as an operator configures it."""
    names = [name for name in KafkaSettings.model_fields if name.startswith(("security_", "sasl_", "ssl_"))]
    given = {name: getattr(connection, name) for name in names}
    return {f"QBO_BRIDGE_KAFKA__{name.upper()}": str(value) for name, value in given.items() if value is not None}
