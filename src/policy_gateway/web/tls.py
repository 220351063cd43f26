"""TLS on the gateway's own port: a certificate and its key, looked at before anybody is listened to."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from policy_gateway.errors import ConfigurationError

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: keys that are agreed anew each time, and ciphers that notice changes. TLS 1.3 has no others."""


@dataclass(frozen=True, slots=True)
class Certified:
    """What the gateway shows to clients: *context* for its port, the *names* it is good for, and its *end*."""

    context: ssl.SSLContext
    names: tuple[str, ...]
    end: datetime


def certified(certificate: Path, key: Path) -> Certified:
    """Return what two PEM files are good for: the certificate with its chain, and its key.

    ConfigurationError, which names the file, when they cannot be read, are no such thing, or do not belong together.
    """
    own = _certificate(certificate)
    if own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != _public_half(key):
        raise ConfigurationError(f"{key}: this key does not belong to the certificate {certificate}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    try:
        context.load_cert_chain(certificate, key, password=str)
    except (OSError, ValueError):
        raise ConfigurationError(f"{certificate}: this certificate and its key cannot be used") from None
    return Certified(context, _names(own), own.not_valid_after_utc)


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(_read(path))[0]
    except ValueError:
        raise ConfigurationError(f"{path}: this is no certificate in PEM") from None


def _public_half(path: Path) -> bytes:
    try:
        key = load_pem_private_key(_read(path), None)
    except TypeError:
        raise ConfigurationError(f"{path}: the key is locked by a passphrase: save it without one") from None
    except ValueError:
        raise ConfigurationError(f"{path}: this is no private key in PEM") from None
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failed:
        raise ConfigurationError(f"{path}: {failed.strerror or 'this file cannot be read'}") from None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = found.get_values_for_type(x509.IPAddress)
    return (*found.get_values_for_type(x509.DNSName), *map(str, addresses))
