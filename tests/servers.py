"""Loaded before Django (`-p tests.servers`): real PostgreSQL and Valkey for the tests, apart from anybody's data."""

import os
from pathlib import Path

from journeymap import embedded

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("JOURNEYMAP_DATA", str(ROOT / ".data-test"))
os.environ["CELERY_QUEUE"] = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
os.environ["DATABASE_POOL"] = "4"
embedded.attach()
