"""The endpoints of several requests in one: composite, whose parts may refer to each other, and batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import orjson

from policy_gateway_salesforce.sandbox.state import Org
from policy_gateway_salesforce.sandbox.wire import Answer, ApiError, Asked, Json, Refusal, invalid, items, text

Perform = Callable[[Org, Asked], Answer]

PARTS_MOST: Final = 25
QUERIES_MOST: Final = 5
_REFERENCE: Final = re.compile(r"@\{([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_]+|\[[0-9]+\])*)\}")
_STEP: Final = re.compile(r"\.([A-Za-z0-9_]+)|\[([0-9]+)\]")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FAILED_FROM: Final = 300
_COSTLY: Final = re.compile(r"/(query(All)?|composite/sobjects)(/|\?|$)", re.IGNORECASE)


def composite(org: Org, asked: Asked, perform: Perform) -> Answer:
    """Answer ``POST /composite``; *perform* answers one part."""
    body = asked.json()
    parts = items(body, "compositeRequest")
    _measured(parts)
    all_or_none = body.get("allOrNone") is True
    answers: dict[str, Answer] = {}
    with org.transaction() as undo:
        for part in parts:
            name = _named(part, answers)
            answers[name] = _part(org, asked, part, answers, perform)
            if all_or_none and answers[name].status >= _FAILED_FROM:
                undo()
                others = {text(each.get("referenceId"), "referenceId"): _halted() for each in parts}
                answers = others | {name: answers[name]}
                break
    return Answer(200, {"compositeResponse": [_told(name, answer) for name, answer in answers.items()]})


def batch(org: Org, asked: Asked, perform: Perform) -> Answer:
    """Answer ``POST /composite/batch``; *perform* answers one part."""
    body = asked.json()
    parts = items(body, "batchRequests")
    if not 0 < len(parts) <= PARTS_MOST:
        raise invalid(f"The batch must have between 1 and {PARTS_MOST} requests", "LIMIT_EXCEEDED")
    results: list[Json] = []
    failed = False
    for part in parts:
        if failed and body.get("haltOnError") is True:
            told: Json = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}]
            results.append({"statusCode": 412, "result": told})
            continue
        url = text(part.get("url"), "url")
        inner = _inner(asked, text(part.get("method"), "method"), url, part.get("richInput"))
        answer = _answered(org, inner, perform)
        failed = failed or answer.status >= _FAILED_FROM
        results.append({"statusCode": answer.status, "result": _json(answer)})
    return Answer(200, {"hasErrors": failed, "results": results})


def _measured(parts: list[dict[str, Json]]) -> None:
    if not 0 < len(parts) <= PARTS_MOST:
        raise invalid(f"The request must have between 1 and {PARTS_MOST} subrequests", "LIMIT_EXCEEDED")
    costly = sum(1 for part in parts if _COSTLY.search(text(part.get("url"), "url")))
    if costly > QUERIES_MOST:
        message = f"Cannot have more than {QUERIES_MOST} query or sObject collection subrequests"
        raise invalid(message, "LIMIT_EXCEEDED")


def _named(part: Mapping[str, Json], answers: Mapping[str, Answer]) -> str:
    name = text(part.get("referenceId"), "referenceId")
    if not _NAME.fullmatch(name) or name in answers:
        raise invalid(f"Provided referenceId '{name}' is not valid or not unique", "INVALID_INPUT")
    return name


def _part(org: Org, asked: Asked, part: Mapping[str, Json], answers: Mapping[str, Answer], perform: Perform) -> Answer:
    try:
        url = _REFERENCE.sub(lambda found: quote(_value(found, answers), safe=""), text(part.get("url"), "url"))
        body = _replaced(part.get("body"), answers)
    except ApiError as refused:
        return refused.answer()
    if "/composite" in url and "/composite/sobjects" not in url:
        return invalid("Nested composite requests are not supported", "INVALID_INPUT").answer()
    return _answered(org, _inner(asked, text(part.get("method"), "method"), url, body), perform)


def _answered(org: Org, inner: Asked, perform: Perform) -> Answer:
    try:
        return perform(org, inner)
    except Refusal as refused:
        return refused.answer()


def _inner(asked: Asked, method: str, url: str, body: Json) -> Asked:
    """Return one part as a request of its own, by the same user."""
    split = urlsplit(url)
    path = split.path if split.path.startswith("/") else f"/services/data/{split.path}"
    segments = tuple(unquote(segment) for segment in path.strip("/").split("/"))
    if segments[:2] != ("services", "data") or len(segments) < 3:  # noqa: PLR2004 -- a version has to follow
        raise invalid("The url of a subrequest begins with /services/data/", "INVALID_INPUT")
    query: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(split.query, keep_blank_values=True):
        query[name] = (*query.get(name, ()), value)
    return replace(
        asked,
        method=method.upper(),
        path=path,
        segments=segments,
        query=query,
        body=b"" if body is None else orjson.dumps(body),
        version=segments[2].removeprefix("v"),
    )


def _replaced(value: Json, answers: Mapping[str, Answer]) -> Json:
    """Return *value* with what references in its texts refer to."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: _value(found, answers), value)
    if isinstance(value, list):
        return [_replaced(each, answers) for each in value]
    if isinstance(value, dict):
        return {name: _replaced(each, answers) for name, each in value.items()}
    return value


def _value(found: re.Match[str], answers: Mapping[str, Answer]) -> str:
    answer = answers.get(found[1])
    value: Json = _json(answer) if answer is not None and answer.status < _FAILED_FROM else None
    for step in _STEP.finditer(found[2]):
        if step[1] and isinstance(value, dict):
            value = value.get(step[1])
        elif step[2] and isinstance(value, list) and int(step[2]) < len(value):
            value = value[int(step[2])]
        else:
            value = None
    if value is None or isinstance(value, dict | list):
        path = found[2].lstrip(".")
        message = f"Invalid reference specified. No value for {found[1]}.{path} found in {found[1]}"
        raise invalid(message, "PROCESSING_HALTED")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(name: str, answer: Answer) -> Json:
    headers: dict[str, Json] = {"Location": answer.headers["location"]} if "location" in answer.headers else {}
    return {"body": _json(answer), "httpHeaders": headers, "httpStatusCode": answer.status, "referenceId": name}


def _json(answer: Answer) -> Json:
    return None if isinstance(answer.body, bytes | Iterator) else answer.body


def _halted() -> Answer:
    message = "The transaction was rolled back since another operation in the same transaction failed."
    return invalid(message, "PROCESSING_HALTED").answer()
