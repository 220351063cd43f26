"""The settings: one ``gateway.toml``, overridden by ``POLICY_GATEWAY_…`` variables and a folder of secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from policy_gateway.errors import ConfigurationError

FILE = "gateway.toml"
PREFIX = "POLICY_GATEWAY_"
SECRETS = "secrets"
_PATHS = ("policies", "tls_cert", "tls_key")


class Settings(BaseSettings):
    """What an operator may set; each default is right for a small firm on one machine."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, secrets_dir=None, validate_default=True
    )
    toml: ClassVar[Path] = Path(FILE)

    database: str = Field("sqlite:///policy-gateway.sqlite", description="Where everything is kept, as a URL.")
    policies: Path = Field(Path("policies"), description="The policy folder that is in force.")
    master_key: SecretStr = Field(SecretStr(""), description="32 random bytes in base64; `init` makes one.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on.")
    tls_cert: Path | None = Field(None, description="The certificate, with its chain, in PEM: `port` then speaks TLS.")
    tls_key: Path | None = Field(None, description="The certificate's key, in PEM, without a passphrase.")
    metrics_host: str = Field("127.0.0.1", description="The address that serves metrics.")
    metrics_port: int = Field(9000, ge=0, le=65535, description="The port that serves metrics.")
    allowed_hosts: tuple[str, ...] = Field(
        ("localhost", "127.0.0.1"), description="Names under which clients may call the gateway."
    )
    trusted_proxies: tuple[str, ...] = Field((), description="Networks whose X-Forwarded-For is believed.")
    upstream_allowed: tuple[str, ...] = Field(
        (), description="Private hosts or networks on which a CRM may be; public ones always may."
    )
    upstream_seconds: float = Field(10.0, gt=0, le=120, description="How long a CRM may take for one call.")
    upstream_calls: int = Field(64, ge=1, le=1024, description="How many calls a CRM gets at once, a connection.")
    upstream_bytes: int = Field(32 * 2**20, ge=2**16, description="The largest answer that is read of a CRM.")
    audit_seconds: float = Field(5.0, gt=0, le=60, description="How long an entry may take to become durable.")
    audit_waiting: int = Field(10_000, ge=100, description="How many entries may wait before calls are refused.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="What is logged.")

    @field_validator("tls_cert", "tls_key", mode="before")
    @classmethod
    def _named(cls, path: object) -> object:
        return path or None

    @field_validator("tls_key")
    @classmethod
    def _belongs(cls, key: Path | None, said: ValidationInfo) -> Path | None:
        if (key is None) != (said.data.get("tls_cert") is None):
            raise ValueError("tls_cert and tls_key are given together, or not at all")
        return key

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- pydantic-settings names its arguments
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, strongest first: what the program says, the environment, secrets, the file."""
        secrets = SecretsSettingsSource(settings_cls, getattr(file_secret_settings, "secrets_dir", None), env_prefix="")
        return init_settings, env_settings, secrets, TomlConfigSettingsSource(settings_cls, cls.toml)


def load(folder: Path, **overrides: Any) -> Settings:  # noqa: ANN401 -- pydantic checks what is said
    """Return the settings of the gateway whose folder this is; relative paths are taken from there.

    Raises ConfigurationError with every finding, a line each: where, which setting, and what is expected.
    """
    secrets = folder / SECRETS
    try:
        found: Settings = _of(folder)(_secrets_dir=secrets if secrets.is_dir() else None, **overrides)
    except ValidationError as invalid:
        raise ConfigurationError("\n".join(_findings(folder / FILE, invalid))) from None
    except SettingsError as unreadable:
        # Its words name the setting and its source, not what was read.
        raise ConfigurationError(f"{folder / FILE}: {unreadable}") from None
    except ValueError as broken:
        raise ConfigurationError(_broken(folder / FILE, str(broken))) from None
    placed = {name: folder / path for name in _PATHS if (path := getattr(found, name)) is not None}
    return found.model_copy(update={**placed, "database": _located(found.database, folder)})


def origins(folder: Path) -> Mapping[str, str]:
    """Return where each setting that is not at its default was said: a variable's name, or a file."""
    located, secrets = _of(folder), folder / SECRETS
    found = dict.fromkeys(TomlConfigSettingsSource(located, folder / FILE)(), str(folder / FILE))
    if secrets.is_dir():
        found |= {name: str(secrets / name) for name in SecretsSettingsSource(located, secrets, env_prefix="")()}
    found |= {name: f"{PREFIX}{name.upper()}" for name in EnvSettingsSource(located)()}
    return found


def _of(folder: Path) -> type[Settings]:
    return type("LocatedSettings", (Settings,), {"toml": folder / FILE, "__module__": __name__})


def _findings(path: Path, invalid: ValidationError) -> Iterator[str]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for error in invalid.errors(include_input=False):
        name = ".".join(map(str, error["loc"]))
        said = (number for number, line in enumerate(lines, 1) if re.match(rf"\s*{re.escape(name)}\s*=", line))
        place = next((f"{path}:{number}:1" for number in said), str(path))
        unknown = error["type"] == "extra_forbidden"
        words = "there is no such setting" if unknown else error["msg"].removeprefix("Value error, ")
        yield f"{place}: {name}: {words}"


def _broken(path: Path, words: str) -> str:
    """Return what is wrong with a file that is no TOML, with the place first as compilers write it."""
    found = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", words)
    return f"{path}:{found[2]}:{found[3]}: {found[1]}" if found else f"{path}: {words}"


def _located(url: str, folder: Path) -> str:
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith(f"{prefix}/"):
        return url
    return f"{prefix}{(folder / url.removeprefix(prefix)).absolute()}"
