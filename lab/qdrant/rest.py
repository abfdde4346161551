# SPDX-License-Identifier: Apache-2.0
"""The REST port: HTTP/1.1 with connections that stay open, a thread for each of them, and the key.

Bodies are bounded, and nothing is answered to a body that could not be told from the next request.
"""
from __future__ import annotations

import sys
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

import api
import keys
from storage import Storage

MAX_BODY_BYTES = 32 * 1024 * 1024  # Qdrant's own max_request_size_mb
WITHOUT_KEY = ("/", "/healthz", "/livez", "/readyz")


class RestServer(ThreadingHTTPServer):
    """Listens as soon as it is made; serve_forever() answers."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], storage: Storage, api_key: str) -> None:
        super().__init__(address, Handler)
        self.storage = storage
        self.api_key = keys.encoded(api_key)

    def server_bind(self) -> None:
        # HTTPServer would ask the resolver for its own name, and may wait for that.
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # clients may go whenever they like
            traceback.print_exc(file=sys.stderr)


class UnreadableBody(Exception):
    """The body was not read, so the connection cannot go on; with the last answer on it."""

    def __init__(self, answer: api.Answer) -> None:
        super().__init__()
        self.answer = answer


def too_large(length: str) -> api.Answer:
    limit = f"limit: {MAX_BODY_BYTES} bytes"
    message = f"JSON payload ({length} bytes) is larger than allowed ({limit})."
    return api.error_answer(400, message, time.perf_counter())


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: RestServer
    protocol_version = "HTTP/1.1"
    timeout = 60  # a silent client gives its thread back
    wbufsize = -1  # headers and body in one piece; flushed after each request
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self.request_version != "HTTP/0.9":
            return True
        self.send_error(400)  # Python would still speak it
        return False

    def body(self) -> bytes:
        """Raises UnreadableBody."""
        lengths = self.headers.get_all("content-length", ["0"])
        if "transfer-encoding" in self.headers:
            raise UnreadableBody(api.Answer(411))  # as long as it has no length, it has no end
        if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            raise UnreadableBody(api.Answer(400))
        if len(lengths[0]) > 12 or int(lengths[0]) > MAX_BODY_BYTES:
            raise UnreadableBody(too_large(lengths[0][:12]))
        body = self.rfile.read(int(lengths[0]))
        if len(body) != int(lengths[0]):
            raise UnreadableBody(api.Answer(400))
        return body

    def refusal(self, path: str) -> str:
        """Why the request may not pass; empty where it may."""
        if path in WITHOUT_KEY:
            return ""
        given = {name: self.headers.get(name) for name in keys.HEADERS}
        texts = {name: text.encode("latin-1", "replace") for name, text in given.items() if text}
        return keys.refusal(self.server.api_key, texts)

    def serve(self) -> None:
        try:
            body = self.body()
        except UnreadableBody as error:
            self.close_connection = True
            return self.send(error.answer)
        path = self.path.partition("?")[0]
        if refusal := self.refusal(path):
            return self.send(api.Answer(401, refusal.encode(), api.TEXT))
        method = "GET" if self.command == "HEAD" else self.command
        self.send(api.answer(self.server.storage, method, path, body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def send(self, answer: api.Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("content-length", str(len(answer.body)))
        if answer.content_type:
            self.send_header("content-type", answer.content_type)
        if answer.allow:
            self.send_header("allow", answer.allow)
        if self.close_connection:
            self.send_header("connection", "close")
        self.send_header("date", self.date_time_string())
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no HTTP gets a status and the end of the connection, whatever it looked like."""
        self.request_version = self.protocol_version
        self.close_connection = True
        self.send(api.Answer(int(code)))

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: nobody reads them here."""
