# SPDX-License-Identifier: Apache-2.0
"""Starts the application. Compose files and faults name `python3 server.py`; the service itself is a binary."""
import os

os.execv("/app/advakod_backend", ["/app/advakod_backend"])
