"""The way to an office's MariaDB is encrypted when the connection string asks for it, and verified when it says so."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub.platform.mariadb import MariaDB
from tests.integration.connectors.binlog import BinlogStage, binlogged
from tests.services.fixtures import temporary_home
from tests.services.mariadb import serving, session
from tests.suites.stage import at_rest, build, living, running, until

ONLY_ENCRYPTED = "ALTER USER satudata@'%' REQUIRE SSL"


@dataclass(frozen=True)
class Secured:
    """A server that speaks with nobody in clear, and the certificate by which it is known."""

    server: MariaDB
    certificate: Path

    def url(self, mode: str, certificate: Path | None = None) -> str:
        more = f"&ca={certificate}" if certificate else ""
        return f"{self.server.endpoint}?tls={mode}{more}"


def certified(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a key and a certificate that signs itself, for this machine; return both files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "server uji")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    began = datetime.now(UTC) - timedelta(hours=1)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(began).not_valid_after(began + timedelta(days=2))
        .add_extension(here, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    files = folder / f"{name}-key.pem", folder / f"{name}.pem"
    clear = serialization.NoEncryption()
    files[0].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, clear)
    )
    files[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return files


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    with temporary_home() as folder:
        key, certificate = certified(folder, "server")
        with serving("opd", ssl="ON", ssl_key=str(key), ssl_cert=str(certificate)) as server:
            with session(server.endpoint) as connection, connection.cursor() as cursor:
                cursor.execute(ONLY_ENCRYPTED)
            yield Secured(server, certificate)


@pytest.mark.parametrize("mode", ["prefer", "require", "verify"])
def test_rows_are_captured_over_an_encrypted_line(secured: Secured, mode: str) -> None:
    with binlogged(secured.url(mode, secured.certificate if mode == "verify" else None)) as stage:
        stage.change(("insert", 1, "AWAL"))
        with running(build(stage)) as made:
            until(lambda: made.reading)
            stage.change(("insert", 2, "BARU"), ("update", 1, "GANTI"))
            until(lambda: at_rest(stage))
        assert living(stage) == {1: "GANTI", 2: "BARU"}


def test_a_server_that_wants_encryption_is_not_read_in_clear(secured: Secured) -> None:
    with binlogged(secured.url("off")) as stage:
        assert "Access denied" in trouble(stage)


def test_a_certificate_of_somebody_else_is_refused(secured: Secured, tmp_path: Path) -> None:
    _, other = certified(tmp_path, "other")
    with binlogged(secured.url("verify", other)) as stage:
        assert "certificate verify failed" in trouble(stage)


def test_a_server_without_encryption_is_not_read_where_it_is_required(mariadb: MariaDB) -> None:
    with binlogged(f"{mariadb.endpoint}?tls=require") as stage:
        assert "SSL" in trouble(stage)


def trouble(stage: BinlogStage) -> str:
    """Return what keeps a connector from reading."""
    with running(build(stage)) as made:
        until(lambda: made.trouble not in (None, "starting"))
        assert not made.reading
        return str(made.trouble)
