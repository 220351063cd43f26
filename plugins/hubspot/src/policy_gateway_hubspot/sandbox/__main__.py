"""``python -m policy_gateway_hubspot.sandbox --port 22100``."""

from __future__ import annotations

import argparse

import uvicorn

from policy_gateway_hubspot.sandbox.app import TOKEN, Sandbox


def main() -> None:
    """Serve one sandbox until it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m policy_gateway_hubspot.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=22100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=None, help="requests per ten seconds; unlimited by default")
    parser.add_argument("--tls-cert", default=None, help="the server's certificate, a PEM file")
    parser.add_argument("--tls-key", default=None, help="the certificate's private key, a PEM file")
    chosen = parser.parse_args()
    scheme = "https" if chosen.tls_cert else "http"
    print(f"HubSpot sandbox on {scheme}://{chosen.host}:{chosen.port}, token {TOKEN}", flush=True)  # noqa: T201 -- a program
    uvicorn.run(
        Sandbox(seed=chosen.seed, limit=chosen.limit),
        host=chosen.host,
        port=chosen.port,
        ssl_certfile=chosen.tls_cert,
        ssl_keyfile=chosen.tls_key,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
