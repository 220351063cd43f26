"""Two pages for people who build on the API. They load nothing: no script, no font, no third party."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

import orjson

from policy_gateway.web.texts import ENGLISH, GERMAN

STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1b1b1b;background:#fff}
h2{border-top:1px solid #999;padding-top:1rem}code,pre{font:14px/1.4 ui-monospace,monospace;background:#f3f3f3}
pre{padding:.75rem;overflow-x:auto}code{padding:.1rem .25rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;border-bottom:1px solid #ccc;padding:.35rem .5rem}
"""


def page_headers() -> dict[str, str]:
    """Return the headers of a page: a policy that allows our own style and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return {
        "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }


def api_page(document: Mapping[str, Any]) -> str:
    """Return the reference of an OpenAPI *document*."""
    return _page(str(document["info"]["title"]), "".join(_operations(document)))


def problems_page() -> str:
    """Return what each code means, in both languages; a problem's ``type`` points here."""
    rows = "".join(
        f'<tr id="{escape(code)}"><th><code>{escape(code)}</code></th>'
        f"<td>{escape(text.title)}: {escape(text.detail)}</td>"
        f'<td lang="de">{escape(GERMAN[code].title)}: {escape(GERMAN[code].detail)}</td></tr>'
        for code, text in ENGLISH.items()
    )
    return _page("Problems", f"<table><tr><th>Code<th>English<th>Deutsch</tr>{rows}</table>")


def _page(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"<p>{escape(document['info']['description'])}</p>"
    yield '<p>For programs: <a href="/openapi.json">openapi.json</a>. Errors: <a href="/problems">problems</a>.</p>'
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = escape(operation["operationId"])
            yield f'<h2 id="{name}"><code>{escape(method.upper())} {escape(path)}</code></h2>'
            yield f"<p>{escape(operation['summary'])}. {escape(operation.get('description', ''))}</p>"
            yield _parameters(operation.get("parameters", ()))
            yield _example("Body", operation.get("requestBody", {}))
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    yield _example(f"Answer {status}", response)


def _parameters(parameters: Any) -> str:  # noqa: ANN401 -- a part of an OpenAPI document
    shown = [one for one in parameters if "name" in one]
    if not shown:
        return ""
    rows = "".join(
        f"<tr><th><code>{escape(one['name'])}</code></th><td>{escape(one['in'])}</td>"
        f"<td>{escape(one.get('description', ''))}</td></tr>"
        for one in shown
    )
    return f"<table>{rows}</table>"


def _example(title: str, part: Mapping[str, Any]) -> str:
    contents = part.get("content", {}).values()
    examples = [content["example"] for content in contents if "example" in content]
    if not examples:
        return ""
    text = orjson.dumps(examples[0], option=orjson.OPT_INDENT_2).decode()
    return f"<h3>{escape(title)}</h3><pre>{escape(text)}</pre>"
