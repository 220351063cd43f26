"""``python -m policy_gateway_salesforce.sandbox --port 22200``."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from policy_gateway_salesforce.sandbox.app import Sandbox


def main() -> None:
    """Serve one sandbox until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m policy_gateway_salesforce.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=22200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=None, help="requests in all; unlimited by default")
    parser.add_argument("--jwt-key", type=Path, default=None, help="the connected app's public key, a PEM file")
    parser.add_argument("--tls-cert", default=None, help="the server's certificate, a PEM file")
    parser.add_argument("--tls-key", default=None, help="the certificate's private key, a PEM file")
    chosen = parser.parse_args()
    key = chosen.jwt_key.read_text(encoding="ascii") if chosen.jwt_key else ""
    sandbox = Sandbox(seed=chosen.seed, limit=chosen.limit, jwt_key=key)
    scheme = "https" if chosen.tls_cert else "http"
    print(f"Salesforce sandbox on {scheme}://{chosen.host}:{chosen.port}, token {sandbox.token}", flush=True)  # noqa: T201 -- a program
    uvicorn.run(
        sandbox,
        host=chosen.host,
        port=chosen.port,
        ssl_certfile=chosen.tls_cert,
        ssl_keyfile=chosen.tls_key,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
