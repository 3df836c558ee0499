"""The team and the events that `bench.page` asks about. Imported where Django is ready: by `manage.py shell`."""

import json
from pathlib import Path

import duckdb
from django.conf import settings
from django.db import transaction
from django.test import Client

from accounts.models import Membership, Role, Team, User
from bench.data import opened
from bench.peers.table import events_table
from flows.models import Dataset, Import
from flows.services.intake import add_segment
from flows.store import write_segment

COLUMNS = """SELECT actor AS actor_key, CAST(actor AS VARCHAR) AS actor, printf('event_%02d', event) AS event,
    time AS us, row_number() OVER () AS line,
    NULL::VARCHAR AS insert_id, NULL::VARCHAR AS session, NULL::VARCHAR AS properties
    FROM source"""


def write(*, directory: str) -> None:
    """Make one segment of generated events, and print as JSON: the address of a new chart, and a session."""
    team = Team.objects.create(name="Bench", slug="bench")
    user = User.objects.create_user("person@example.com", name="Person")
    Membership.objects.create(team=team, user=user, role=Role.EDITOR)
    dataset = Dataset.objects.create(team=team, name="Events", slug="events")
    con = duckdb.connect()
    con.register("source", events_table(opened(Path(directory))))
    con.execute(f"CREATE VIEW rows AS {COLUMNS}")
    workspace = Path(settings.DATA_DIR) / "store" / "work"
    workspace.mkdir(parents=True, exist_ok=True)
    new = write_segment(con, "rows", team_id=team.pk, dataset_id=dataset.pk, workspace=workspace)
    with transaction.atomic():
        Import.objects.create(team=team, dataset=dataset, number=1, filename="bench", status=Import.Status.DONE)
        add_segment(dataset, new, 1)
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    print(json.dumps({"path": f"/t/{team.slug}/flows/new/", "session": session}))
