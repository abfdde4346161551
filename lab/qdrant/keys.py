# SPDX-License-Identifier: Apache-2.0
"""The API key, the same for both ports: `api-key: KEY` or `authorization: Bearer KEY`."""
from __future__ import annotations

import hmac
from collections.abc import Mapping

HEADERS = ("api-key", "authorization")
NONE_GIVEN = "Must provide an API key or an Authorization bearer token"
WRONG = "Invalid API key or JWT"


def encoded(key: str) -> bytes:
    """The key as clients send it; empty where none is wanted."""
    return key.encode("utf-8", "surrogateescape")


def given_key(headers: Mapping[str, bytes]) -> bytes:
    if key := headers.get("api-key"):
        return key
    scheme, _, token = headers.get("authorization", b"").partition(b" ")
    return token if scheme == b"Bearer" else b""


def refusal(wanted: bytes, headers: Mapping[str, bytes]) -> str:
    """Why a request with these headers may not pass; empty where it may."""
    if not wanted:
        return ""
    given = given_key(headers)
    if not given:
        return NONE_GIVEN
    return "" if hmac.compare_digest(given, wanted) else WRONG
