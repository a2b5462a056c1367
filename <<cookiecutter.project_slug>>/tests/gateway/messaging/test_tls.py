"""Whom we trust: the certificates that botocore trusts, and those of `AWS_CA_BUNDLE`."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import aws
from gateway.messaging.fan_out import fan_out
from gateway.transports import Recipient
from tests.gateway.messaging.server import ManagementServer, running


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + pem)
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[ManagementServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with running(tls=context) as server:
        yield server


def send(server: ManagementServer, count: int = 30) -> tuple[int, int, int]:
    url = f"https://127.0.0.1:{server.port}/production"
    delivery = fan_out("POST", b"{}", [Recipient(f"id{n}", url) for n in range(count)])
    return delivery.sent, delivery.failed, len(delivery.problems)


@pytest.mark.usefixtures("engine")
def test_trusts_the_given_bundle(secure: ManagementServer, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`AWS_CA_BUNDLE` names who may vouch for the management API."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    aws.forget()

    assert send(secure) == (30, 0, 0)


@pytest.mark.usefixtures("aiohttp_engine")
def test_trusts_nobody_else(secure: ManagementServer) -> None:
    """A certificate nobody vouches for: nothing is sent, and one sentence says so."""
    assert send(secure) == (0, 30, 1)
    assert secure.calls == []
