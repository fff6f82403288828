"""What makes a test broker secure: certificates made for the occasion, users, and who may do what.

One authority signs the broker's certificate, for `localhost` only, so that 127.0.0.1 is the wrong host name, and the
client's, whose key has a password. `bridge` may do everything; `guest` may do nothing until somebody allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "bridge", "correct-horse"
GUEST, GUEST_PASSWORD = "guest", "no-rights"
KEY_PASSWORD = "key-password"
PROTOCOLS = ("SSL", "SASL_SSL", "SASL_PLAINTEXT")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

PLAIN_JAAS = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    f'user_{USER}="{PASSWORD}" user_{GUEST}="{GUEST_PASSWORD}";'
)
SCRAM_JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True)
class Certificates:
    """PEM files in *folder*; `stranger` is an authority that signed nothing here."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def stranger(self) -> Path:
        return self.folder / "stranger.pem"

    @property
    def broker(self) -> Path:
        """Key and certificates in one file, as Kafka's PEM key store wants it."""
        return self.folder / "broker.pem"

    @property
    def client(self) -> Path:
        return self.folder / "client.pem"

    @property
    def client_key(self) -> Path:
        return self.folder / "client.key"


def make_certificates(folder: Path) -> Certificates:
    """Fresh ones, good for a day."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder)
    ca_key, ca = _certificate("qbo-bridge tests", None)
    _, stranger = _certificate("somebody else", None)
    broker_key, broker = _certificate("broker", (ca_key, ca), host="localhost")
    client_key, client = _certificate(USER, (ca_key, ca))
    made.ca.write_bytes(_pem(ca))
    made.stranger.write_bytes(_pem(stranger))
    made.broker.write_bytes(_key_pem(broker_key) + _pem(broker) + _pem(ca))
    made.client.write_bytes(_pem(client))
    made.client_key.write_bytes(_key_pem(client_key, KEY_PASSWORD))
    return made


def broker_properties(certificates: Certificates) -> str:
    """What the configuration of a node says more than that of an open one."""
    lines = [
        "sasl.enabled.mechanisms=" + ",".join(MECHANISMS),
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={certificates.broker}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={certificates.ca}",
        "listener.name.ssl.ssl.client.auth=required",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        f"super.users=User:ANONYMOUS;User:{USER};User:CN={USER}",
    ]
    for listener in ("sasl_ssl", "sasl_plaintext"):
        lines.append(f"listener.name.{listener}.plain.sasl.jaas.config={PLAIN_JAAS}")
        lines += [f"listener.name.{listener}.scram-sha-{bits}.sasl.jaas.config={SCRAM_JAAS}" for bits in (256, 512)]
    return "\n".join(lines) + "\n"


def format_options() -> list[str]:
    """SCRAM users are part of the metadata that a broker is formatted with."""
    users = [f"--add-scram={each}=[name={USER},password={PASSWORD}]" for each in MECHANISMS if each != "PLAIN"]
    return [*users]


def _certificate(
    name: str, issuer: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None, *, host: str | None = None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer, signed_by = issuer or (key, None)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signed_by.subject if signed_by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if host is not None:
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return key, built.sign(signer, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey, password: str | None = None) -> bytes:
    hidden = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
