# SPDX-License-Identifier: Apache-2.0
"""The larger results in the shapes of openapi.json, with the values of a fresh Qdrant 1.11."""
from __future__ import annotations

from typing import Any

from points import VECTOR_SIZE
from storage import State

TITLE = "qdrant - vector search engine"
VERSION = "1.11.0"
COMMIT = "lab"  # no commit of Qdrant's: whoever reads it shall see what answered

CONFIG = {
    "params": {
        "vectors": {"size": VECTOR_SIZE, "distance": "Cosine"},
        "shard_number": 1,
        "replication_factor": 1,
        "write_consistency_factor": 1,
        "on_disk_payload": True,
    },
    "hnsw_config": {
        "m": 16,
        "ef_construct": 100,
        "full_scan_threshold": 10000,
        "max_indexing_threads": 0,
        "on_disk": False,
    },
    "optimizer_config": {
        "deleted_threshold": 0.2,
        "vacuum_min_vector_number": 1000,
        "default_segment_number": 0,
        "max_segment_size": None,
        "memmap_threshold": None,
        "indexing_threshold": 20000,
        "flush_interval_sec": 5,
        "max_optimization_threads": None,
    },
    "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
    "quantization_config": None,
}

METRICS = """\
# HELP app_info information about qdrant server
# TYPE app_info gauge
app_info{{name="qdrant",version="{version}"}} 1
# HELP cluster_enabled is cluster support enabled
# TYPE cluster_enabled gauge
cluster_enabled 0
# HELP collections_total number of collections
# TYPE collections_total gauge
collections_total {collections}
"""


def version_info() -> dict[str, Any]:
    return {"title": TITLE, "version": VERSION, "commit": COMMIT}


def metrics(collections: int) -> str:
    return METRICS.format(version=VERSION, collections=collections)


def collection_info(state: State) -> dict[str, Any]:
    return {
        "status": state.status,
        "optimizer_status": state.optimizer,
        "indexed_vectors_count": state.indexed,
        "points_count": state.points,
        "segments_count": 2,
        "config": CONFIG,
        "payload_schema": {},
    }


def telemetry(collections: int, identity: str, startup: str) -> dict[str, Any]:
    return {
        "id": identity,
        "app": {"name": "qdrant", "version": VERSION, "startup": startup},
        "collections": {"number_of_collections": collections},
        "cluster": {"enabled": False},
        "requests": {"rest": {"responses": {}}, "grpc": {"responses": {}}},
    }
