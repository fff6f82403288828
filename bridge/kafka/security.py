"""How a connection is secured, in FastStream's own words; apart because only what serves needs that framework."""

from __future__ import annotations

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from bridge.kafka.connection import KafkaConnection

MECHANISMS = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


def faststream_security(connection: KafkaConnection) -> BaseSecurity:
    """The security of `connection` as FastStream's own value."""
    context = connection.ssl_context()
    if not connection.uses_sasl:
        return BaseSecurity(ssl_context=context, use_ssl=connection.uses_ssl)
    return MECHANISMS[connection.sasl_mechanism](
        username=connection.sasl_plain_username or "",
        password=connection.sasl_plain_password or "",
        ssl_context=context,
        use_ssl=connection.uses_ssl,
    )
