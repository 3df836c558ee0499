import csv
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from flows.formulas import guarded
from flows.models import Dataset, Import
from flows.services import jobs
from tests.flows.events import HEAD, bring_in, make_dataset, make_import, run

pytestmark = pytest.mark.django_db

TEXT = (
    f"{HEAD},plan\nanna,2024-01-01T10:00:00+01:00,view,gold\nbob,2024-01-03,buy,\n=cmd,never,buy,\n,2024-01-03,buy,\n"
)


@pytest.fixture
def dataset(team) -> Dataset:
    return make_dataset(team)


def url(name: str, dataset: Dataset, **rest: object) -> str:
    return reverse(f"flows:{name}", kwargs={"team_slug": dataset.team.slug, "dataset_slug": dataset.slug, **rest})


def upload(client, dataset: Dataset, data: str | bytes = TEXT, name: str = "events.csv"):
    raw = data.encode() if isinstance(data, str) else data
    return client.post(url("upload", dataset), {"file": SimpleUploadedFile(name, raw)})


def draft_of(dataset: Dataset, client) -> Import:
    upload(client, dataset)
    return Import.objects.get(dataset=dataset)


def test_an_upload_becomes_a_draft_with_a_preview(dataset, bob, sign_in):
    client = sign_in(bob)
    response = upload(client, dataset)
    import_ = Import.objects.get()
    assert response.url == url("import", dataset, number=1)
    assert (import_.status, import_.filename, import_.bytes, import_.started_by) == (
        "draft",
        "events.csv",
        len(TEXT),
        bob,
    )
    page = client.get(response.url)
    assert "CSV, comma, UTF-8" in page.text
    assert "2024-01-01T10:00:00+01:00" in page.text
    form = page.context["draft"].form
    assert [form.role_of(place) for place in range(4)] == ["actor", "time", "event", ""]


def test_confirmed_columns_queue_the_import(dataset, bob, sign_in, django_capture_on_commit_callbacks, monkeypatch):
    client = sign_in(bob)
    import_ = draft_of(dataset, client)
    rung = []
    monkeypatch.setattr("flows.services.imports.current_app.send_task", lambda name, **rest: rung.append((name, rest)))
    fields = {"c0": "actor", "c1": "time", "c2": "event", "c3": "session", "time_unit": "iso"}
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(url("import", dataset, number=1), fields)
    import_.refresh_from_db()
    assert response.url == url("import", dataset, number=1)
    assert (import_.status, import_.time_unit) == ("queued", "iso")
    assert import_.mapping == {"actor": "user_id", "time": "timestamp", "event": "event", "session": "plan"}
    assert rung == [("flows.tasks.run_import", {"kwargs": {"team_id": dataset.team_id, "import_id": import_.pk}})]
    assert run(import_).accepted == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"c0": "actor", "c1": "time"}, "Choose the column that is the Event."),
        (
            {"c0": "actor", "c1": "time", "c2": "event", "c3": "event"},
            "Event is given to 2 columns: event, plan. Choose one.",
        ),
        ({"c0": "king", "c1": "time", "c2": "event"}, "king is not one of the available choices"),
    ],
)
def test_columns_that_do_not_add_up_are_said(fields, said, dataset, bob, sign_in):
    client = sign_in(bob)
    import_ = draft_of(dataset, client)
    response = client.post(url("import", dataset, number=1), {"time_unit": "auto", **fields})
    assert response.status_code == 422
    assert said in response.text or said in str(response.context["draft"].form.errors)
    import_.refresh_from_db()
    assert import_.status == "draft"


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "e.csv", "e.csv is empty."),
        (b"\x89PNG....", "e.csv", "it is a PNG picture"),
        ("one column\nx\n", "e.csv", "has one column only"),
        (b"\x1f\x8b\x08", "e.csv.gz", "is cut off"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_and_not_kept(
    data, name, said, dataset, bob, sign_in, settings, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        response = upload(sign_in(bob), dataset, data, name)
    assert response.status_code == 422
    assert said in response.text
    assert not Import.objects.exists()
    assert [path for path in Path(settings.DATA_DIR, "media").rglob("*") if path.is_file()] == []


def test_a_file_that_is_too_large_is_dropped_on_the_way(dataset, bob, sign_in, settings):
    settings.IMPORT_MAX_BYTES = 100_000
    response = upload(sign_in(bob), dataset, TEXT + "x" * 200_000)
    assert response.status_code == 422
    assert "This file is larger than" in response.text
    assert not Import.objects.exists()


def test_an_upload_without_a_file_says_so(dataset, bob, sign_in):
    response = sign_in(bob).post(url("upload", dataset))
    assert response.status_code == 422
    assert "Choose a file." in response.text


def test_progress_is_asked_for_until_it_is_over(dataset, vera, sign_in):
    import_ = make_import(dataset, TEXT)
    client, address = sign_in(vera), url("import", dataset, number=1)
    assert "Waiting for a free worker" in client.get(address).text
    claimed = jobs.claim(Import, import_.pk)
    jobs.beat(claimed, rows=1_234_567, accepted=1_234_000, rejected=567, fraction=0.634)
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "run"})
    assert "63.4 %" in part.text
    assert "1,234,567" in part.text
    assert 'hx-trigger="every 700ms"' in part.text
    assert "<html" not in part.text
    assert "HX-Refresh" not in part
    jobs.finish(claimed, fraction=1.0, rows=5, accepted=5)
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "run"})
    assert part["HX-Refresh"] == "true"
    assert "hx-trigger" not in part.text


def test_what_was_rejected_is_listed_by_reason(dataset, vera, sign_in):
    bring_in(dataset, TEXT)
    client, address = sign_in(vera), url("import", dataset, number=1)
    page = client.get(address).text
    assert "2, 50.0" in page
    assert "No person on this row" in page
    part = client.get(address, {"reason": "Not a time"}, headers={"HX-Request": "true", "HX-Target": "rejects"}).text
    assert "never" in part
    assert "No person on this row" not in part
    assert "<html" not in part
    assert client.get(address, {"reason": "nonsense", "page": "99x"}).status_code == 200


def test_many_rejected_rows_come_in_pages(dataset, vera, sign_in):
    bring_in(dataset, f"{HEAD}\n" + "".join(f"u{i},never {i},view\n" for i in range(130)))
    client, address = sign_in(vera), url("import", dataset, number=1)
    page = client.get(address, {"page": "3"}).text
    assert "never 129" in page
    assert "never 99<" not in page
    assert "101 to 130 of 130" in page


def test_rejected_rows_are_downloaded_and_are_no_formulas(dataset, vera, sign_in):
    bring_in(dataset, f"{HEAD}\n" + "a,=1+1,view\n" * 2_500 + "b,,view\n")
    client, address = sign_in(vera), url("rejects", dataset, number=1)
    response = client.get(address)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="import-1-rejected.csv"' in response["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))
    assert rows[0] == ["line", "column", "reason", "detail", "what stood there"]
    assert rows[1] == ["2", "Time", "Not a time", "Not a time", "'=1+1"]
    assert len(rows) == 2_502
    only = b"".join(client.get(address, {"reason": "No time"})).decode()
    assert only.count("\r\n") == 2


@pytest.mark.parametrize(
    ("text", "shown"), [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("a=1", "a=1"), ("", "")]
)
def test_cells_that_compute_are_made_plain(text, shown):
    assert guarded(text) == shown


def test_cancel_ends_what_waits_and_asks_what_runs(dataset, bob, sign_in):
    client = sign_in(bob)
    waiting, running = make_import(dataset, TEXT), make_import(dataset, TEXT)
    jobs.claim(Import, running.pk)
    for import_ in (waiting, running):
        client.post(url("cancel_import", dataset, number=import_.number))
        import_.refresh_from_db()
    assert waiting.status == "cancelled"
    assert running.cancel_requested
    assert "Stopping" in client.get(url("import", dataset, number=running.number)).text


def test_a_discarded_draft_is_gone_with_its_file(dataset, bob, sign_in, django_capture_on_commit_callbacks):
    client = sign_in(bob)
    import_ = draft_of(dataset, client)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("cancel_import", dataset, number=1))
    assert not Import.objects.exists()
    assert not import_.file.storage.exists(import_.file.name)


def test_a_failed_import_says_why_and_can_be_tried_again(dataset, bob, vera, sign_in):
    import_ = bring_in(dataset, "x\ny\n")
    address = url("import", dataset, number=1)
    page = sign_in(bob).get(address).text
    assert "has one column only" in page
    assert "Try again" in page
    assert "Try again" not in sign_in(vera).get(address).text
    sign_in(bob).post(address)
    import_.refresh_from_db()
    assert import_.status == "queued"


def test_strangers_and_lookers_are_kept_out(dataset, charlie, vera, sign_in):
    bring_in(dataset, TEXT)
    gets = [url("import", dataset, number=1), url("rejects", dataset, number=1)]
    posts = [url("upload", dataset), url("import", dataset, number=1), url("cancel_import", dataset, number=1)]
    assert [sign_in(charlie).get(address).status_code for address in [*gets, url("upload", dataset)]] == [404] * 3
    assert [sign_in(charlie).post(address).status_code for address in posts] == [404] * 3
    assert [sign_in(vera).get(address).status_code for address in gets] == [200, 200]
    assert [sign_in(vera).post(address).status_code for address in posts] == [403] * 3


def test_hostile_text_is_only_text(dataset, bob, sign_in):
    evil = '<script>alert(1)</script>\u202e漢🧨"'
    text = (
        "user_id,timestamp,event,"
        + f'"{evil.replace(chr(34), chr(34) * 2)}"'
        + "\n"
        + f'"<b>x",never,"<i>{"e" * 280}",x\n' * 3
    )
    client = sign_in(bob)
    upload(client, dataset, text, name="<img src=x>.csv")
    page = client.get(url("import", dataset, number=1)).text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    fields = {"c0": "actor", "c1": "time", "c2": "event", "time_unit": "auto"}
    client.post(url("import", dataset, number=1), fields)
    run(Import.objects.get())
    page = client.get(url("import", dataset, number=1)).text
    assert "<b>x" not in page
    assert "<i>" not in page.replace("<i></i>", "")


def test_a_thousand_columns_are_offered(dataset, bob, sign_in):
    text = (
        ",".join(["user_id", "time", "event", *(f"c{i}" for i in range(997))])
        + "\n"
        + "a,2024-01-01,e"
        + "," * 997
        + "\n"
    )
    client = sign_in(bob)
    response = upload(client, dataset, text)
    page = client.get(response.url)
    assert page.status_code == 200
    fields = {f"c{place}": column.role for place, column in enumerate(page.context["draft"].inspection.columns)}
    assert client.post(response.url, {**fields, "time_unit": "auto"}).status_code == 302
    assert run(Import.objects.get()).accepted == 1
