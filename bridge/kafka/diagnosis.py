"""Why Kafka cannot be reached, in words: aiokafka logs the cause of each address and raises one error for all."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from bridge.kafka.connection import KafkaConnection

PROBE_TIMEOUT_S = 10.0

# OpenSSL's X509_V_ERR_* numbers.
_EXPIRED = {9, 10}
_OTHER_NAME = {62, 64}


class Unreachable(KafkaConnectionError):  # type: ignore[misc]
    """No broker could be talked to; `str` is the sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


async def reach(connection: KafkaConnection, opening: Awaitable[object]) -> None:
    """Await *opening*, the first words with Kafka; Unreachable with the reason when nobody can be talked to."""
    try:
        await opening
    except KafkaConnectionError as error:
        raise Unreachable(await why_unreachable(connection)) from error


async def why_unreachable(connection: KafkaConnection) -> str:
    """What each address answers to a connection of its own, as one sentence."""
    reasons = await asyncio.gather(*(_probe(connection, address) for address in connection.addresses))
    return f"no broker answers at the addresses of kafka.bootstrap_servers ({'; '.join(dict.fromkeys(reasons))})"


async def _probe(connection: KafkaConnection, address: str) -> str:
    host, _, port = address.rpartition(":")
    options = connection.client_options()
    del options["bootstrap_servers"], options["metadata_max_age_ms"]
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            opened = await create_conn(host.strip("[]"), int(port), **options)
        opened.close()
    except (KafkaError, OSError) as error:
        return f"{address}: {_said(connection, error)}"
    if connection.uses_sasl:
        return f"{address}: it takes connections, and answers nothing that counts"
    return (
        f"{address}: it closes the connection; does it ask for a password? "
        f"kafka.security_protocol is {connection.security_protocol}"
    )


def _said(connection: KafkaConnection, error: Exception) -> str:
    protocol = f"kafka.security_protocol is {connection.security_protocol}"
    match error:
        case ssl.SSLCertVerificationError():
            return _of_certificate(connection, error.verify_code)
        case ssl.SSLError():
            return f"TLS fails ({error.reason}); {protocol}"
        case SaslAuthenticationFailed():
            return "it refuses kafka.sasl_plain_username or kafka.sasl_plain_password"
        case UnsupportedSaslMechanismError():
            return f"it does not know kafka.sasl_mechanism {connection.sasl_mechanism}"
        case IllegalSaslStateError():
            return f"it asks for no password; {protocol}"
        case ConnectionRefusedError():
            return "nothing listens there"
        case socket.gaierror():
            return "the host name is not known"
        case TimeoutError():
            return "it does not answer in time"
        case KafkaConnectionError() | ConnectionError() if connection.uses_ssl:
            return f"it closes the connection; does it speak TLS, and want a client certificate? {protocol}"
        case KafkaConnectionError() | ConnectionError():
            return f"it closes the connection; does it expect TLS? {protocol}"
    return f"{type(error).__name__}; {protocol}"


def _of_certificate(connection: KafkaConnection, code: int) -> str:
    if code in _OTHER_NAME:
        return "its certificate is for another host name (kafka.ssl_check_hostname is true)"
    if code in _EXPIRED:
        return "its certificate is not valid today"
    authority = "kafka.ssl_cafile" if connection.ssl_cafile else "this system, and kafka.ssl_cafile is not set"
    return f"its certificate is not signed by an authority of {authority}"
