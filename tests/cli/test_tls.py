from __future__ import annotations

import json
import signal
import ssl
import stat
import urllib.request
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from tests.cli.test_serving import listening, started

from policy_gateway.cli.demo.authority import Trust, trusted
from policy_gateway.errors import ConfigurationError
from policy_gateway.web.tls import certified

if TYPE_CHECKING:
    from tests.cli.conftest import Program

NOW = datetime.now(UTC)


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    """Return an authority of this machine, and a certificate of its own."""
    return trusted(tmp_path / "tls", NOW)


def other_key() -> bytes:
    """Return a key that belongs to nothing."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def issued_for(name: str, trust: Trust) -> Path:
    """Return a certificate for *name* that somebody made with the authority's key."""
    signing = load_pem_private_key(trust.authority.with_name("ca-key.pem").read_bytes(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    server = x509.load_pem_x509_certificate(trust.certificate.read_bytes())
    forged = (
        x509.CertificateBuilder()
        .subject_name(server.subject)
        .issuer_name(server.issuer)
        .public_key(server.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(server.not_valid_before_utc)
        .not_valid_after(server.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    for kind in (x509.AuthorityKeyIdentifier, x509.SubjectKeyIdentifier, x509.BasicConstraints):
        forged = forged.add_extension(server.extensions.get_extension_for_class(kind).value, critical=False)
    path = trust.certificate.with_name("forged.pem")
    path.write_bytes(forged.sign(signing, SHA256()).public_bytes(Encoding.PEM))
    return path


def shaken(trust: Trust, certificate: Path, name: str) -> str:
    """Return the version that a client, who trusts the authority, agrees on; SSLError when it does not."""
    client = ssl.create_default_context(cafile=trust.authority)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server = certified(certificate, trust.key).context
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(4):
        for side in (theirs, ours):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return theirs.version() or ""


class TestAuthority:
    @pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
    def test_trusted(self, trust: Trust, name: str) -> None:
        """Who trusts the authority trusts this machine under each of its own names."""
        assert "TLSv1.3" == shaken(trust, trust.certificate, name)

    def test_no_other_name(self, trust: Trust) -> None:
        """Even with the authority's key nobody makes a certificate for any other host."""
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            shaken(trust, issued_for("login.salesforce.com", trust), "login.salesforce.com")

    def test_keys_private(self, trust: Trust) -> None:
        """Keys are readable by their owner only."""
        keys = sorted(trust.authority.parent.glob("*-key.pem"))

        assert ["ca-key.pem", "server-key.pem"] == [key.name for key in keys]
        assert {0o600} == {stat.S_IMODE(key.stat().st_mode) for key in keys}

    def test_kept(self, trust: Trust) -> None:
        """The next start finds all as it was."""
        before = {path: path.read_bytes() for path in trust.authority.parent.iterdir()}
        trusted(trust.authority.parent, NOW + timedelta(days=80))

        assert before == {path: path.read_bytes() for path in trust.authority.parent.iterdir()}

    def test_renewed(self, trust: Trust) -> None:
        """A certificate that ends soon is made anew by the same authority, so that nobody needs to trust again."""
        authority, certificate = trust.authority.read_bytes(), trust.certificate.read_bytes()
        trusted(trust.authority.parent, NOW + timedelta(days=84))

        assert authority == trust.authority.read_bytes()
        assert certificate != trust.certificate.read_bytes()

    @pytest.mark.parametrize("broken", ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem"])
    def test_broken(self, trust: Trust, broken: str) -> None:
        """A file that is broken, or missing, is made anew, and what depends on it."""
        trust.authority.with_name(broken).write_text("-----BEGIN NOTHING-----\n")
        trusted(trust.authority.parent, NOW)
        trust.authority.with_name(broken).unlink()
        trusted(trust.authority.parent, NOW)

        assert "TLSv1.3" == shaken(trust, trust.certificate, "localhost")


class TestFiles:
    def test_seen(self, trust: Trust) -> None:
        """A certificate says for which names and until when it is good; nothing older than TLS 1.2 is spoken."""
        found = certified(trust.certificate, trust.key)

        assert ("localhost", "127.0.0.1", "::1") == found.names
        assert timedelta(days=89) < found.end - NOW < timedelta(days=91)
        assert ssl.TLSVersion.TLSv1_2 == found.context.minimum_version
        assert all("GCM" in one["name"] or "POLY1305" in one["name"] for one in found.context.get_ciphers())

    @pytest.mark.parametrize(
        ("file", "content", "said"),
        [
            ("server.pem", None, "No such file"),
            ("server-key.pem", None, "No such file"),
            ("server.pem", b"", "no certificate"),
            ("server.pem", other_key(), "no certificate"),
            ("server-key.pem", b"x", "no private key"),
            ("server-key.pem", other_key(), "does not belong"),
        ],
    )
    def test_wrong(self, trust: Trust, file: str, content: bytes | None, said: str) -> None:
        """A wrong file is named, with what is wrong with it."""
        path = trust.certificate.with_name(file)
        path.unlink()
        if content is not None:
            path.write_bytes(content)

        with pytest.raises(ConfigurationError, match=said) as raised:
            certified(trust.certificate, trust.key)

        assert str(path) in str(raised.value)

    def test_locked(self, trust: Trust) -> None:
        """A key with a passphrase is refused; nobody is asked for one in the middle of a start."""
        key = load_pem_private_key(trust.key.read_bytes(), None)
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
        trust.key.write_bytes(locked)

        with pytest.raises(ConfigurationError, match="passphrase"):
            certified(trust.certificate, trust.key)


class TestServe:
    def test_https(self, program: Program, trust: Trust) -> None:
        """With certificate and key the port speaks TLS, and tells browsers to come back that way."""
        files = ("--tls-cert", str(trust.certificate), "--tls-key", str(trust.key))
        with started(program.folder, *files) as process:
            port = listening(process)
            context = ssl.create_default_context(cafile=trust.authority)
            with urllib.request.urlopen(f"https://localhost:{port}/readyz", context=context) as answer:
                ready, headers = json.load(answer), dict(answer.headers)
            with pytest.raises(OSError, match=r"reset|closed"):
                urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=5)

        assert "ok" == ready["status"]
        assert "max-age=31536000" == headers["strict-transport-security"]

    def test_idle_client(self, program: Program, trust: Trust) -> None:
        """A client that keeps its connection open, as most do, and says nothing does not put off the end."""
        context = ssl.create_default_context(cafile=trust.authority)
        files = ("--tls-cert", str(trust.certificate), "--tls-key", str(trust.key))
        with started(program.folder, *files) as process:
            client = HTTPSConnection("localhost", listening(process), context=context)
            client.request("GET", "/livez")
            told = json.load(client.getresponse())
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=5)
            client.close()

        assert ({"status": "ok"}, 0) == (told, process.returncode)

    @pytest.mark.parametrize("files", [("--tls-cert", "x"), ("--tls-key", "x")])
    def test_one_alone(self, program: Program, files: tuple[str, str]) -> None:
        """Certificate and key are given together."""
        ended = program("serve", *files)

        assert (2, "") == (ended.code, ended.out)
        assert "tls_cert and tls_key are given together" in ended.err

    def test_wrong_file(self, program: Program, tmp_path: Path) -> None:
        """A file that is not there is said in a line, before anybody can connect."""
        none = str(tmp_path / "none.pem")
        with started(program.folder, "--tls-cert", none, "--tls-key", none) as process:
            _, err = process.communicate(timeout=30)

        assert 2 == process.returncode
        assert f"{none}: No such file or directory" == err.splitlines()[-1]


class TestCheck:
    def test_said(self, program: Program, trust: Trust) -> None:
        """A certificate in order is named, with its end and its names; files are found beside the settings."""
        place = program.folder / "tls"
        place.mkdir()
        for path in (trust.certificate, trust.key):
            (place / path.name).write_bytes(path.read_bytes())
        (program.folder / "gateway.toml").write_text('tls_cert = "tls/server.pem"\ntls_key = "tls/server-key.pem"\n')

        ended = program("check")

        assert 0 == ended.code
        assert f"tls: {place}/server.pem, good for localhost, 127.0.0.1, ::1 until" in ended.out

    def test_ended(self, program: Program, tmp_path: Path) -> None:
        """A certificate that has ended is a finding."""
        old = trusted(tmp_path / "old", NOW - timedelta(days=100))
        (program.folder / "gateway.toml").write_text(f'tls_cert = "{old.certificate}"\ntls_key = "{old.key}"\n')

        ended = program("check")

        assert 1 == ended.code
        assert f"wrong  tls: {old.certificate}: the certificate ended on" in ended.out

    def test_wrong_file(self, program: Program) -> None:
        """A file that is not there is a finding, beside all others."""
        (program.folder / "gateway.toml").write_text('tls_cert = "none.pem"\ntls_key = "none.pem"\n')

        ended = program("check")

        assert 1 == ended.code
        assert "none.pem: No such file or directory" in ended.out
        assert "database:" in ended.out

    def test_not_said(self, program: Program) -> None:
        """Empty means none."""
        (program.folder / "gateway.toml").write_text('tls_cert = ""\ntls_key = ""\n')

        ended = program("check")

        assert 0 == ended.code
        assert "tls:" not in ended.out
