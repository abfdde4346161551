# SPDX-License-Identifier: Apache-2.0
"""The volume: collections/<name>/state.json, read afresh each time so that an edit shows at once.

    {"points": N, "status": "green", "optimizer": "ok" | {"error": "…"}, "indexed": N}

Only `points` must be there. A name that a client sends is never made into a path: it is looked up
among the folders that exist. What lies in a folder may have been damaged on purpose.
"""
from __future__ import annotations

import json
import math
import os
import stat
from dataclasses import dataclass
from typing import Any

MAX_STATE_BYTES = 1024 * 1024
MAX_NUMBER = 2**64 - 1
STATUSES = ("green", "yellow", "grey", "red")


class Damaged(Exception):
    """The volume does not say what it should; the text says where."""


class NoSuchCollection(Exception):
    """Nothing of this name is in the volume."""


@dataclass(frozen=True)
class State:
    """What state.json says about a collection."""

    points: int
    status: str
    optimizer: str | dict[str, str]
    indexed: int


def is_number(value: Any) -> bool:
    """Whether a value of JSON is an unsigned 64-bit integer; true and false are none."""
    return type(value) is int and 0 <= value <= MAX_NUMBER


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("number out of range")
    return number


def parse_json(text: bytes) -> Any:
    """JSON in UTF-8, and nothing else: Python would take NaN, 1e999 and UTF-16 as well.

    Raises ValueError, for nesting too deep as well.
    """
    try:
        decoded = text.decode("utf-8")
        return json.loads(decoded, parse_constant=refuse_constant, parse_float=finite)
    except RecursionError:
        raise ValueError("recursion limit exceeded") from None


def read_regular(path: str, limit: int) -> bytes:
    """A file of at most `limit` bytes. Raises OSError, Damaged where it is no such file.

    It is opened without waiting, so that a pipe in its place cannot hold a thread for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Damaged(f"{path} is not a regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Damaged(f"{path} is larger than {limit} bytes")
    return content


def is_optimizer(value: Any) -> bool:
    if value == "ok":
        return True
    return isinstance(value, dict) and list(value) == ["error"] and isinstance(value["error"], str)


def state_from(document: Any, path: str) -> State:
    if not isinstance(document, dict):
        raise Damaged(f"{path}: expected an object")
    points = document.get("points")
    status = document.get("status", "green")
    optimizer = document.get("optimizer", "ok")
    indexed = document.get("indexed", points)
    if not is_number(points) or not is_number(indexed):
        raise Damaged(f"{path}: points and indexed must be numbers")
    if status not in STATUSES:
        raise Damaged(f"{path}: status must be one of {', '.join(STATUSES)}")
    if not is_optimizer(optimizer):
        raise Damaged(f'{path}: optimizer must be "ok" or an error')
    return State(points, status, optimizer, indexed)


@dataclass(frozen=True)
class Collection:
    """A folder of the volume that has a state.json, whatever that says."""

    name: str
    folder: str

    def state(self) -> State:
        """Raises Damaged."""
        path = os.path.join(self.folder, "state.json")
        try:
            return state_from(parse_json(read_regular(path, MAX_STATE_BYTES)), path)
        except (OSError, ValueError) as error:
            raise Damaged(f"{path}: {error}") from None


def is_name(name: str) -> bool:
    """Whether the name of a folder can be written in JSON."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class Storage:
    """The folder that Qdrant is told as its storage path."""

    def __init__(self, path: str) -> None:
        self._collections = os.path.join(path, "collections")

    def names(self) -> list[str]:
        """The collections in the order of their names. Raises Damaged."""
        try:
            with os.scandir(self._collections) as entries:
                folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []  # Qdrant makes the folder when it needs it
        except OSError as error:
            raise Damaged(f"{self._collections}: {error}") from None
        return sorted(
            folder.name
            for folder in folders
            if is_name(folder.name) and os.path.lexists(os.path.join(folder.path, "state.json"))
        )

    def collection(self, name: str) -> Collection:
        """Raises NoSuchCollection, Damaged."""
        if name not in self.names():
            raise NoSuchCollection(name)
        return Collection(name, os.path.join(self._collections, name))
