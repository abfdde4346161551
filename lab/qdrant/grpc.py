# SPDX-License-Identifier: Apache-2.0
"""The gRPC port: HTTP/2 with prior knowledge, and two health checks. All else is unimplemented.

Sources: gRPC over HTTP/2 (PROTOCOL-HTTP2.md), grpc.health.v1, Qdrant's qdrant.proto.
"""
from __future__ import annotations

import socket
import sys
import traceback
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

import keys
import shapes

OK = 0
UNIMPLEMENTED = 12
UNAUTHENTICATED = 16
SERVING = 1

Headers = list[tuple[bytes, bytes]]


def number_field(field: int, value: int) -> bytes:
    """A small number in protobuf's encoding."""
    return bytes([field << 3, value])


def text_field(field: int, text: str) -> bytes:
    """A short text in protobuf's encoding."""
    encoded = text.encode()
    return bytes([field << 3 | 2, len(encoded)]) + encoded


def health_reply() -> bytes:
    """qdrant.HealthCheckReply."""
    texts = (shapes.TITLE, shapes.VERSION, shapes.COMMIT)
    return b"".join(text_field(number, text) for number, text in enumerate(texts, 1))


METHODS = {
    b"/grpc.health.v1.Health/Check": number_field(1, SERVING),
    b"/qdrant.Qdrant/HealthCheck": health_reply(),
}
HEAD: Headers = [(b":status", b"200"), (b"content-type", b"application/grpc")]


def status(code: int, message: str = "") -> Headers:
    said = [(b"grpc-message", message.encode())] if message else []
    return [(b"grpc-status", str(code).encode()), *said]


def refusal(wanted: bytes, headers: dict[bytes, bytes]) -> str:
    """Why this call may not pass, health checks included; empty where it may."""
    given = {name: headers[name.encode()] for name in keys.HEADERS if name.encode() in headers}
    return keys.refusal(wanted, given)


class GrpcServer(ThreadingTCPServer):
    """Listens as soon as it is made; serve_forever() answers."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api_key: str) -> None:
        super().__init__(address, Connection)
        self.api_key = keys.encoded(api_key)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # clients may go whenever they like
            traceback.print_exc(file=sys.stderr)


class Connection(BaseRequestHandler):
    """One connection. Whatever breaks HTTP/2, HTTP/1.1 among it, ends it without an answer."""

    request: socket.socket
    server: GrpcServer
    timeout = 300

    def setup(self) -> None:
        self.request.settimeout(self.timeout)
        self.http = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.calls: dict[int, dict[bytes, bytes]] = {}  # headers of the streams still open

    def handle(self) -> None:
        self.http.initiate_connection()
        try:
            self.flush()
            while data := self.request.recv(64 * 1024):
                events = self.http.receive_data(data)
                self.take(events)
                self.flush()
                if any(isinstance(event, ConnectionTerminated) for event in events):
                    return
        except ProtocolError:
            return

    def flush(self) -> None:
        self.request.sendall(self.http.data_to_send())

    def take(self, events: list[Event]) -> None:
        """Answers the requests that are complete, without those that were taken back meanwhile."""
        complete: list[int] = []
        for event in events:
            if isinstance(event, RequestReceived):
                self.calls[event.stream_id] = dict(event.headers)
            elif isinstance(event, DataReceived):
                # Nothing is kept: none of the methods looks at its message.
                self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                complete.append(event.stream_id)
            elif isinstance(event, StreamReset):
                self.calls.pop(event.stream_id, None)
        for stream in complete:
            if stream in self.calls:
                self.answer(stream, self.calls.pop(stream))

    def answer(self, stream: int, headers: dict[bytes, bytes]) -> None:
        if why := refusal(self.server.api_key, headers):
            return self.end(stream, status(UNAUTHENTICATED, why))
        message = METHODS.get(headers.get(b":path", b""))
        if message is None:
            return self.end(stream, status(UNIMPLEMENTED))
        self.http.send_headers(stream, HEAD)
        self.http.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
        self.http.send_headers(stream, status(OK), end_stream=True)

    def end(self, stream: int, trailers: Headers) -> None:
        """An answer without a message."""
        self.http.send_headers(stream, HEAD + trailers, end_stream=True)
