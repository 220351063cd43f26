"""What an assistant does with hubspot_mcp_server.json: starts HubSpot's MCP server by it, and calls a tool."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from string import Template

text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
configured = json.loads(Template(text).substitute(os.environ))["mcpServers"]["hubspot"]
asked = {"objectType": "contacts", "limit": 3, "properties": ["lastname", "phone", "iban"]}
client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "example", "version": "1"}}
messages = (
    {"id": 1, "method": "initialize", "params": client},
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/call", "params": {"name": "hubspot-list-objects", "arguments": asked}},
)
done = subprocess.run(  # noqa: S603 -- what the configuration says
    [configured["command"], *configured["args"]],
    env={**os.environ, **configured["env"]},
    input="".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages),
    stdout=subprocess.PIPE,
    text=True,
    check=True,
)
answers = {message["id"]: message for message in map(json.loads, done.stdout.splitlines()) if "id" in message}
shown = answers[2]["result"]["content"][-1]["text"]
for contact in json.loads(shown[shown.index("{") :])["results"]:
    properties = contact["properties"]
    print(properties["lastname"], properties["phone"], properties.get("iban"))
