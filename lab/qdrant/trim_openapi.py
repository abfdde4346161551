# SPDX-License-Identifier: Apache-2.0
"""Cuts Qdrant's OpenAPI document down to the answers that the stand-in gives.

usage: trim_openapi.py FULL_DOCUMENT > openapi.json

What stays is copied as it is: the operations below with their responses, and every schema these
lead to. Requests and parameters go, and so does all prose outside the schemas.
"""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

OPERATIONS = {
    "/": "get",
    "/telemetry": "get",
    "/metrics": "get",
    "/healthz": "get",
    "/livez": "get",
    "/readyz": "get",
    "/cluster": "get",
    "/collections": "get",
    "/collections/{collection_name}": "get",
    "/collections/{collection_name}/exists": "get",
    "/collections/{collection_name}/aliases": "get",
    "/aliases": "get",
    "/collections/{collection_name}/snapshots": "get",
    "/snapshots": "get",
    "/collections/{collection_name}/points": "post",
    "/collections/{collection_name}/points/{id}": "get",
    "/collections/{collection_name}/points/count": "post",
    "/collections/{collection_name}/points/scroll": "post",
}
SCHEMAS = "#/components/schemas/"


def references(part: Any) -> Iterator[str]:
    """The names of all schemas that a part of the document points to."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix(SCHEMAS)
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def reachable(start: Any, schemas: dict[str, Any]) -> set[str]:
    """The names of the schemas that `start` leads to, over any number of steps."""
    found: set[str] = set()
    waiting = list(references(start))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += references(schemas[name])
    return found


def trimmed(document: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for path, method in OPERATIONS.items():
        operation = document["paths"][path][method]
        kept = {"operationId": operation["operationId"], "responses": operation["responses"]}
        paths[path] = {method: kept}
    schemas = document["components"]["schemas"]
    names = reachable(paths, schemas)
    info = {key: document["info"][key] for key in ("title", "contact", "license", "version")}
    return {
        "openapi": document["openapi"],
        "info": info,
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in schemas if name in names}},
    }


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: trim_openapi.py FULL_DOCUMENT > openapi.json")
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    print(json.dumps(trimmed(document), indent=2, ensure_ascii=False))


main()
