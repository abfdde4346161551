# SPDX-License-Identifier: Apache-2.0
"""The points of a collection: ids 1 to N, made from the collection's name and the id alone.

A line {"id": …, "vector": […], "payload": {…}} of points.jsonl beside state.json takes the place of
the point with that id, so that one point can be damaged; what the line leaves out stays as made.
"""
from __future__ import annotations

import hashlib
import math
import os
import struct
from collections.abc import Callable
from typing import Any

from storage import Collection, Damaged, is_number, parse_json, read_regular

VECTOR_SIZE = 384
MAX_OVERRIDES_BYTES = 64 * 1024 * 1024

Payload = dict[str, Any]
PayloadChoice = Callable[[Payload | None], Payload | None]


def made_vector(collection: str, number: int) -> list[float]:
    """A unit vector, as Qdrant keeps them for Cosine; the same everywhere and always."""
    seed = f"{collection}\0{number}".encode()
    raw = struct.unpack(f"<{VECTOR_SIZE}H", hashlib.shake_256(seed).digest(2 * VECTOR_SIZE))
    centred = [value - 32767.5 for value in raw]
    length = math.sqrt(sum(value * value for value in centred))
    # Qdrant's floats have 32 bits: more digits than these would be invented.
    return [round(value / length, 8) for value in centred]


def made_payload(number: int) -> Payload:
    document, chunk = divmod(number - 1, 8)
    return {"document_id": document + 1, "chunk": chunk, "text": f"Fragment {number}"}


def is_vector(value: Any) -> bool:
    return isinstance(value, list) and all(type(one) in (int, float) for one in value)


def override_from(line: bytes) -> tuple[int, dict[str, Any]]:
    """The id and the fields of one line. Raises ValueError."""
    document = parse_json(line)
    if not isinstance(document, dict) or not is_number(document.get("id")):
        raise ValueError("expected an object with a number as id")
    if not is_vector(document.get("vector", [])):
        raise ValueError("vector must be a list of numbers")
    if not isinstance(document.get("payload"), dict | None):
        raise ValueError("payload must be an object")
    return document["id"], {key: document[key] for key in ("vector", "payload") if key in document}


def overrides_of(folder: str) -> dict[int, dict[str, Any]]:
    """Raises Damaged."""
    path = os.path.join(folder, "points.jsonl")
    try:
        lines = read_regular(path, MAX_OVERRIDES_BYTES).split(b"\n")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Damaged(f"{path}: {error}") from None
    found: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(lines, 1):
        try:
            found.update([override_from(line)] if line.strip() else [])
        except ValueError as error:
            raise Damaged(f"{path}, line {number}: {error}") from None
    return found


class Points:
    """The points of one collection as they are now. Raises Damaged."""

    def __init__(self, collection: Collection) -> None:
        self.count = collection.state().points
        self._name = collection.name
        self._overrides = overrides_of(collection.folder)

    def has(self, number: int) -> bool:
        return 1 <= number <= self.count

    def record(self, number: int, choose: PayloadChoice, vector: bool | dict[str, Any]) -> Payload:
        """One point in Qdrant's shape. Where `vector` is an object, that is what stands there."""
        override = self._overrides.get(number, {})
        record: dict[str, Any] = {"id": number}
        payload = choose(override.get("payload", made_payload(number)))
        if payload is not None:
            record["payload"] = payload
        if vector is True:
            made = "vector" not in override
            record["vector"] = made_vector(self._name, number) if made else override["vector"]
        elif vector is not False:
            record["vector"] = vector
        return record
