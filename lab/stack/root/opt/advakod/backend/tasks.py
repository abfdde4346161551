# SPDX-License-Identifier: Apache-2.0
"""The application's background work: beat sends one task every two seconds, the worker does it."""
import os

from celery import Celery

app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.beat_schedule = {"tick": {"task": "tasks.tick", "schedule": 2.0}}
app.conf.result_expires = 60


@app.task
def tick() -> str:
    return "tock"
