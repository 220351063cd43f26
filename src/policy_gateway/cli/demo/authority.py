"""The demo's own certificate authority: good for this machine's own names, and for no other's."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE: Final = timedelta(days=730)
SERVER_LIFE: Final = timedelta(days=90)
SPARE: Final = timedelta(days=7)
"""What ends sooner is made anew."""

_AGO: Final = timedelta(hours=1)
_NAMES: Final = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_address("127.0.0.1")),
    x509.IPAddress(ip_address("::1")),
)
_WITHIN: Final = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_network("127.0.0.1/32")),
    x509.IPAddress(ip_network("::1/128")),
)
_USES: Final = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True, slots=True)
class Trust:
    """Three PEM files: what a client must trust, and what the server shows."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def trusted(folder: Path, now: datetime) -> Trust:
    """Return the files in *folder*; what is missing there, broken or ends soon is made anew.

    The authority stays the same as long as it is good, so that a client that trusts it once keeps to it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = Trust(folder / "ca.pem", folder / "server.pem", folder / "server-key.pem")
    authority = _kept(found.authority, folder / "ca-key.pem", now)
    if authority is None:
        authority = _authority(now)
        _keep(authority, found.authority, folder / "ca-key.pem")
    server = _kept(found.certificate, found.key, now)
    if server is None or not _issued(server.certificate, authority.certificate):
        _keep(_server(authority, now), found.certificate, found.key)
    return found


def _kept(certificate: Path, key: Path, now: datetime) -> _Pair | None:
    try:
        own = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != own.public_key():
        return None
    return _Pair(own, private) if own.not_valid_after_utc - now >= SPARE else None


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _authority(now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "policy-gateway demo on this machine")])
    made = (
        _begun(name, key, now, AUTHORITY_LIFE)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_only("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=_WITHIN, excluded_subtrees=None), critical=True)
    )
    return _Pair(made.sign(key, SHA256()), key)


def _server(authority: _Pair, now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    made = (
        _begun(name, key, now, min(SERVER_LIFE, authority.certificate.not_valid_after_utc - now))
        .issuer_name(authority.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_only("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
        .add_extension(above, critical=False)
    )
    return _Pair(made.sign(authority.key, SHA256()), key)


def _begun(name: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta) -> x509.CertificateBuilder:
    """Return what both certificates have."""
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _AGO)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _only(*uses: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{use: use in uses for use in _USES})


def _keep(pair: _Pair, certificate: Path, key: Path) -> None:
    """Keep *pair* for the next start, its key readable by its owner only."""
    private = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for path, text, mode in ((key, private, 0o600), (certificate, pair.certificate.public_bytes(Encoding.PEM), 0o644)):
        aside = path.with_suffix(".new")
        aside.unlink(missing_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(text)
        aside.replace(path)
