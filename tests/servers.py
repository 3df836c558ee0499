"""Loaded before Django (`-p tests.servers`): real PostgreSQL and Valkey for the tests, apart from anybody's data."""

import os
from pathlib import Path

from psycopg.conninfo import make_conninfo

from journeymap import embedded

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("JOURNEYMAP_DATA", str(ROOT / ".data-test"))
os.environ["CELERY_QUEUE"] = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
os.environ["DATABASE_POOL"] = "4"
embedded.attach()
# What a test commits need not outlive the power.
os.environ["DATABASE_URL"] = make_conninfo(os.environ["DATABASE_URL"], options="-c synchronous_commit=off")
