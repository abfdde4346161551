# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Qdrant 1.11: answers in its shape about collections that are files of a volume.

Takes Qdrant's own environment variables. Ends at SIGTERM, and where one of its ports stops working.
"""
from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable

sys.dont_write_bytecode = True  # the folder of this file belongs to somebody else

from grpc import GrpcServer  # noqa: E402
from rest import RestServer  # noqa: E402
from storage import Storage  # noqa: E402


def setting(name: str, otherwise: str) -> str:
    return os.environ.get(f"QDRANT__{name}", otherwise)


def port(name: str, otherwise: str) -> int:
    text = setting(name, otherwise)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        sys.exit(f"QDRANT__{name} is no port: {text}")
    return int(text)


def run(serve: Callable[[], None]) -> None:
    """Serves in a thread. With one port gone the process must not look alive."""

    def body() -> None:
        try:
            serve()
        finally:
            traceback.print_exc(file=sys.stderr)
            os._exit(1)

    threading.Thread(target=body, daemon=True).start()


def main() -> None:
    # Blocked before there are threads: as the first process of a container, nothing else would
    # make it end.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    host = setting("SERVICE__HOST", "0.0.0.0")
    storage = Storage(setting("STORAGE__STORAGE_PATH", "/qdrant/storage"))
    key = setting("SERVICE__API_KEY", "")
    rest = RestServer((host, port("SERVICE__HTTP_PORT", "6333")), storage, key)
    grpc = GrpcServer((host, port("SERVICE__GRPC_PORT", "6334")), key)
    run(rest.serve_forever)
    run(grpc.serve_forever)
    signal.sigwait(ends)
    os._exit(0)  # waits for no connection


if __name__ == "__main__":
    main()
