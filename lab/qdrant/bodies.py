# SPDX-License-Identifier: Apache-2.0
"""What clients send as JSON, checked field by field.

What Qdrant would not take is refused as Qdrant refuses it. What the stand-in cannot do (filters,
orders, shard keys) is refused as well: ignored, it would make a wrong answer look right.
"""
from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from points import Payload, PayloadChoice
from storage import MAX_NUMBER, is_number, parse_json

MAX_PAGE = 10_000
DEFAULT_PAGE = 10

PointId = int | uuid.UUID


class Refused(Exception):
    """The client is wrong; with the status of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def wrong_type(field: str, expected: str) -> Refused:
    return Refused(400, f"Format error in JSON body: {field}: invalid type, expected {expected}")


def object_from(body: bytes) -> dict[str, Any]:
    try:
        document = parse_json(body)
    except ValueError as error:
        raise Refused(400, f"Format error in JSON body: {error}") from None
    if not isinstance(document, dict):
        raise Refused(400, "Format error in JSON body: invalid type, expected an object")
    for field in ("filter", "order_by", "shard_key"):
        if document.get(field) not in (None, {}):
            raise Refused(400, f"Bad request: this stand-in does not know `{field}`")
    return document


def is_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def point_id_from(text: str) -> PointId | None:
    """An id as it stands in a path or in a string of JSON: a number or a UUID."""
    if re.fullmatch(r"[0-9]{1,20}", text) and int(text) <= MAX_NUMBER:
        return int(text)
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def point_id(value: Any, field: str) -> PointId:
    if is_number(value):
        return value
    found = point_id_from(value) if isinstance(value, str) else None
    if not isinstance(found, uuid.UUID):
        raise wrong_type(field, "an unsigned integer or a UUID")
    return found


def payload_choice(value: Any) -> PayloadChoice:
    """What with_payload lets through: all, nothing, or keys of the first level."""
    if value is None or value is True:
        return lambda payload: payload
    if value is False:
        return lambda _: None
    included = value.get("include") if isinstance(value, dict) and len(value) == 1 else value
    excluded = value.get("exclude") if isinstance(value, dict) and len(value) == 1 else None
    if is_strings(excluded):
        return lambda payload: only(payload, lambda key: key not in excluded)
    if is_strings(included):
        return lambda payload: only(payload, lambda key: key in included)
    raise wrong_type("with_payload", "a boolean, a list of keys or a selector")


def only(payload: Payload | None, wanted: Callable[[str], bool]) -> Payload | None:
    return None if payload is None else {key: payload[key] for key in payload if wanted(key)}


def vector_choice(value: Any) -> bool | Payload:
    """What with_vector asks for. Of vectors with a name there are none here."""
    if value is None or isinstance(value, bool):
        return bool(value)
    if is_strings(value):
        return {}
    raise wrong_type("with_vector", "a boolean or a list of names")


def check_count(body: bytes) -> None:
    """The body of points/count. Exact or not, the count is the same here."""
    if not isinstance(object_from(body).get("exact", True), bool):
        raise wrong_type("exact", "a boolean")


@dataclass(frozen=True)
class Retrieve:
    """The body of points: which, and what of them."""

    ids: list[PointId]
    payload: PayloadChoice
    vector: bool | Payload

    @staticmethod
    def read(body: bytes) -> Retrieve:
        document = object_from(body)
        ids = document.get("ids")
        if not isinstance(ids, list):
            raise wrong_type("ids", "a list")
        if len(ids) > MAX_PAGE:
            raise Refused(400, f"Bad request: this stand-in gives {MAX_PAGE} points at most")
        return Retrieve(
            [point_id(one, "ids") for one in ids],
            payload_choice(document.get("with_payload")),
            vector_choice(document.get("with_vector")),
        )


@dataclass(frozen=True)
class Scroll:
    """The body of points/scroll: from which id on, how many, and what of them."""

    offset: PointId
    limit: int
    payload: PayloadChoice
    vector: bool | Payload

    @staticmethod
    def read(body: bytes) -> Scroll:
        document = object_from(body)
        offset = document.get("offset")
        return Scroll(
            1 if offset is None else point_id(offset, "offset"),
            limit_from(document.get("limit")),
            payload_choice(document.get("with_payload")),
            vector_choice(document.get("with_vector")),
        )


def limit_from(value: Any) -> int:
    if value is None:
        return DEFAULT_PAGE
    if not is_number(value):
        raise wrong_type("limit", "an unsigned integer")
    if value == 0:
        raise Refused(
            422, "Validation error in JSON body: [limit: value 0 invalid, must be 1 or larger]"
        )
    if value > MAX_PAGE:
        raise Refused(400, f"Bad request: this stand-in gives {MAX_PAGE} points at most")
    return value
