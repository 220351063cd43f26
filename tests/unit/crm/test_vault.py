from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from policy_gateway.crm import Place, Vault
from policy_gateway.errors import SecretError

KEY = bytes(range(32))
PLACE = Place("acme", "crm", "token", 7, "https://api.example.com")
SECRET = SecretStr("pat-eu1-Zq7-ü")


class TestVault:
    def test_round_trip(self) -> None:
        """A secret opens in its place."""
        vault = Vault(KEY)

        assert SECRET == vault.open(vault.seal(SECRET, PLACE), PLACE)

    def test_fresh(self) -> None:
        """The same secret is never sealed the same way twice."""
        vault = Vault(KEY)

        assert vault.seal(SECRET, PLACE) != vault.seal(SECRET, PLACE)

    @pytest.mark.attack("D11", "D13")
    @pytest.mark.parametrize(
        "other",
        [
            replace(PLACE, tenant="acme-evil"),
            replace(PLACE, connection="crm2"),
            replace(PLACE, field="password"),
            replace(PLACE, version=8),
            replace(PLACE, site="https://evil.example"),
            Place("acmecrm", "", "token", 7, PLACE.site),
        ],
    )
    def test_moved(self, other: Place) -> None:
        """Moved to another row, or with the connection pointed elsewhere, it does not open."""
        vault = Vault(KEY)
        with pytest.raises(SecretError):
            vault.open(vault.seal(SECRET, PLACE), other)

    def test_broken(self) -> None:
        """With any byte changed or missing it does not open."""
        vault = Vault(KEY)
        sealed = vault.seal(SECRET, PLACE)
        for at in range(len(sealed)):
            for broken in (sealed[:at], sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]):
                with pytest.raises(SecretError):
                    vault.open(broken, PLACE)

    def test_other_key(self) -> None:
        """Another master key does not open it."""
        with pytest.raises(SecretError):
            Vault(bytes(32)).open(Vault(KEY).seal(SECRET, PLACE), PLACE)

    @pytest.mark.parametrize("key", [b"", bytes(16), bytes(33)])
    def test_key_length(self, key: bytes) -> None:
        """A key of another length is refused."""
        with pytest.raises(SecretError):
            Vault(key)
