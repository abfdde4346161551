# SPDX-License-Identifier: Apache-2.0
"""Qdrant's REST interface as far as it reads: a request to an answer in the shape of openapi.json.

Knows neither sockets nor headers. Errors are worded as Qdrant words them.
"""
from __future__ import annotations

import json
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote_to_bytes

import shapes
from bodies import Refused, Retrieve, Scroll, check_count, point_id_from
from points import Points
from storage import Collection, Damaged, NoSuchCollection, Storage

TEXT = "text/plain; charset=utf-8"
STARTUP = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
IDENTITY = str(uuid.uuid4())


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: bytes = b""
    content_type: str = ""
    allow: str = ""


@dataclass(frozen=True)
class Request:
    """What a handler gets; `name` and `point` are those of the path, where it has them."""

    storage: Storage
    body: bytes
    name: str = ""
    point: str = ""

    def collection(self) -> Collection:
        return self.storage.collection(self.name)


def root(_: Request) -> Answer:
    return json_answer(200, shapes.version_info())


def healthz(_: Request) -> Answer:
    return Answer(200, b"healthz check passed", TEXT)


def readyz(_: Request) -> Answer:
    return Answer(200, b"all shards are ready", TEXT)


def metrics(request: Request) -> Answer:
    return Answer(200, shapes.metrics(len(request.storage.names())).encode(), TEXT)


def telemetry(request: Request) -> Any:
    return shapes.telemetry(len(request.storage.names()), IDENTITY, STARTUP)


def cluster(_: Request) -> Any:
    return {"status": "disabled"}


def collections(request: Request) -> Any:
    return {"collections": [{"name": name} for name in request.storage.names()]}


def collection_info(request: Request) -> Any:
    return shapes.collection_info(request.collection().state())


def collection_exists(request: Request) -> Any:
    return {"exists": request.name in request.storage.names()}


def all_aliases(_: Request) -> Any:
    return {"aliases": []}


def collection_aliases(request: Request) -> Any:
    request.collection()
    return {"aliases": []}


def all_snapshots(_: Request) -> Any:
    return []


def collection_snapshots(request: Request) -> Any:
    request.collection()
    return []


def count_points(request: Request) -> Any:
    check_count(request.body)
    return {"count": request.collection().state().points}


def get_point(request: Request) -> Any:
    wanted = point_id_from(request.point)
    if wanted is None:
        raise Refused(400, f'Wrong input: Can not recognize "{request.point}" as point id')
    points = Points(request.collection())
    if not isinstance(wanted, int) or not points.has(wanted):
        raise Refused(404, f"Not found: Point with id {wanted} does not exists!")
    return points.record(wanted, lambda payload: payload, True)


def retrieve_points(request: Request) -> Any:
    wanted = Retrieve.read(request.body)
    points = Points(request.collection())
    known = [one for one in wanted.ids if isinstance(one, int) and points.has(one)]
    return [points.record(one, wanted.payload, wanted.vector) for one in known]


def scroll_points(request: Request) -> Any:
    wanted = Scroll.read(request.body)
    points = Points(request.collection())
    # Qdrant sorts UUIDs behind all numbers, and here are only numbers.
    first = max(1, wanted.offset) if isinstance(wanted.offset, int) else points.count + 1
    end = min(first + wanted.limit, points.count + 1)
    page = [points.record(one, wanted.payload, wanted.vector) for one in range(first, end)]
    return {"points": page, "next_page_offset": end if points.has(end) else None}


Handler = Callable[[Request], Any]
ROUTES: dict[str, tuple[str, Handler]] = {
    "/": ("GET", root),
    "/healthz": ("GET", healthz),
    "/livez": ("GET", healthz),
    "/readyz": ("GET", readyz),
    "/telemetry": ("GET", telemetry),
    "/metrics": ("GET", metrics),
    "/cluster": ("GET", cluster),
    "/collections": ("GET", collections),
    "/collections/{name}": ("GET", collection_info),
    "/collections/{name}/exists": ("GET", collection_exists),
    "/collections/{name}/aliases": ("GET", collection_aliases),
    "/aliases": ("GET", all_aliases),
    "/collections/{name}/snapshots": ("GET", collection_snapshots),
    "/snapshots": ("GET", all_snapshots),
    "/collections/{name}/points/count": ("POST", count_points),
    "/collections/{name}/points/scroll": ("POST", scroll_points),
    "/collections/{name}/points/{point}": ("GET", get_point),
    "/collections/{name}/points": ("POST", retrieve_points),
}


def decoded(segment: str) -> str:
    """A part of the path as the client meant it: percent signs undone once, UTF-8."""
    return unquote_to_bytes(segment.encode("latin-1")).decode("utf-8", "replace")


def match(pattern: str, path: str) -> dict[str, str] | None:
    """The variables of the pattern where it fits. Split first, so that %2F separates nothing."""
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    variables: dict[str, str] = {}
    for want, have in zip(wanted, given):
        if want.startswith("{") and have:
            variables[want.strip("{}")] = decoded(have)
        elif want != have:
            return None
    return variables


def json_answer(status: int, document: Any) -> Answer:
    # Half a surrogate pair can stand in JSON text, but not in UTF-8.
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Answer(status, text.encode("utf-8", "replace"), "application/json")


def error_answer(status: int, message: str, started: float) -> Answer:
    elapsed = time.perf_counter() - started
    return json_answer(status, {"status": {"error": message}, "time": elapsed})


def call(handler: Handler, request: Request) -> Answer:
    started = time.perf_counter()
    try:
        result = handler(request)
    except Refused as error:
        return error_answer(error.status, str(error), started)
    except NoSuchCollection as error:
        message = f"Not found: Collection `{error}` doesn't exist!"
        return error_answer(404, message, started)
    except Damaged as error:
        return error_answer(500, f"Service internal error: {error}", started)
    if isinstance(result, Answer):
        return result
    elapsed = time.perf_counter() - started
    return json_answer(200, {"result": result, "status": "ok", "time": elapsed})


def answer(storage: Storage, method: str, path: str, body: bytes) -> Answer:
    """The answer to a request; `path` without its query. Never raises."""
    allowed: list[str] = []
    for pattern, (wanted, handler) in ROUTES.items():
        variables = match(pattern, path)
        if variables is not None and method == wanted:
            try:
                return call(handler, Request(storage, body, **variables))
            except Exception:  # a defect of ours must not end a connection without an answer
                traceback.print_exc(file=sys.stderr)
                return error_answer(500, "Service internal error: see the log", time.perf_counter())
        if variables is not None:
            allowed.append(wanted)
    return Answer(405, allow=", ".join(allowed)) if allowed else Answer(404)
