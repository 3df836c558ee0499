"""A chart behind a link."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts import sharing
from flows.engine.query import FlowQuery
from flows.models import FlowRun
from flows.services import charts, runs
from tests.flows.shops import give, make_shop


@pytest.fixture
def chart(team, alice):
    query = FlowQuery(start=("visit",))
    chart = charts.save_chart(team=team, dataset=make_shop(team), name="First <steps>", query=query, owner=alice)
    runs.answer_now(dataset=chart.dataset, query=query)
    return chart


def link_to(chart, alice, **options) -> str:
    return sharing.share(team=chart.team, target=chart, by=alice, **options)[1]


def shown(token: str, name: str = "chart") -> str:
    return reverse(f"shared:{name}", args=[token])


def test_the_page_shows_the_numbers_as_last_computed_and_leads_nowhere(chart, alice):
    give(chart.dataset, [("eve", "visit", 3)])
    before = FlowRun.objects.count()
    page = Client().get(shown(link_to(chart, alice)) + "?set=matched&start=order&version=1")
    text = page.content.decode()
    assert page.status_code == 200
    assert "First &lt;steps&gt;" in text
    assert "4 people" in text
    assert "search, Step 1: 3 people" in text
    assert not {"ann", "ben", "zoe"} & set(re.findall(r"\w+", text))
    assert re.findall(r'<a [^>]*href="([^"]*)"', text) == ["#content"]
    assert "hx-get" not in text
    assert FlowRun.objects.count() == before


def test_the_page_is_kept_by_nobody_and_found_by_no_search(chart, alice):
    page = Client().get(shown(link_to(chart, alice)))
    assert page["Cache-Control"] == "private, no-store"
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert not page.cookies


def test_only_a_link_that_says_so_may_stand_in_a_frame_and_only_there(chart, alice):
    plain, framed = link_to(chart, alice), link_to(chart, alice, embeddable=True)
    assert Client().get(shown(plain, "embed_chart")).status_code == 404
    page = Client().get(shown(framed, "embed_chart"))
    assert "frame-ancestors *" in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    assert "script-src" not in page["Content-Security-Policy"]
    assert Client().get(shown(framed))["X-Frame-Options"] == "DENY"


def test_revoked_expired_removed_and_unknown_are_the_same_page(chart, alice):
    token = link_to(chart, alice)
    unknown = Client().get(shown("x" * 43))
    sharing.revoke(link=sharing.link_of(token, type(chart)))
    revoked = Client().get(shown(token))
    other = link_to(chart, alice)
    charts.delete_chart(chart=chart)
    removed = Client().get(shown(other))
    for page in (revoked, removed):
        assert (page.status_code, page.content) == (404, unknown.content)
        assert dict(page.items()) == dict(unknown.items())


def test_a_password_is_asked_once_and_wrong_ones_are_counted(chart, alice, monkeypatch):
    path, visitor = shown(link_to(chart, alice, password="open sesame")), Client(enforce_csrf_checks=True)
    asked = visitor.get(path)
    assert "First" not in asked.content.decode()
    assert asked["X-Robots-Tag"] == "noindex, nofollow"
    csrf = {"csrfmiddlewaretoken": visitor.cookies["csrftoken"].value}
    assert visitor.post(path, {"password": "wrong one", **csrf}).status_code == 422
    assert visitor.post(path, {"password": "open sesame", **csrf}).status_code == 302
    assert "First" in visitor.get(path).content.decode()
    monkeypatch.setattr(sharing, "TRIES", 0)
    assert Client().post(path, {"password": "open sesame"}).status_code == 429


def test_a_link_is_made_shown_once_and_taken_back(chart, bob, sign_in):
    editor = sign_in(bob)
    page = reverse("flows:share_chart", args=[chart.team.slug, chart.pk])
    made = editor.post(page, {"note": "For the board", "embeddable": "on", "until": "2100-01-01"})
    url, embed = re.findall(r"http://testserver(/(?:shared|embed)/charts/[\w-]{43}/)", made.content.decode())
    assert url.split("/")[-2] not in editor.get(page).content.decode()
    assert Client().get(url).status_code == Client().get(embed).status_code == 200
    link = sharing.open_links(chart).get()
    revoke = reverse("accounts:revoke_share_link", args=[chart.team.slug, link.pk])
    assert editor.post(revoke, {"next": "https://evil.example/"})["Location"] == f"/t/{chart.team.slug}/team/"
    assert editor.post(revoke, {"next": page})["Location"] == page
    assert Client().get(url).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "short"},
        {"password": "long enough", "embeddable": "on"},
        {"until": "2020-01-01"},
        {"until": "9999-12-31"},
        {"until": "soon"},
        {"note": "x" * 81},
    ],
)
def test_a_link_that_cannot_be_is_refused_with_a_reason(chart, bob, sign_in, fields):
    page = sign_in(bob).post(reverse("flows:share_chart", args=[chart.team.slug, chart.pk]), fields)
    assert page.status_code == 422
    assert not sharing.open_links(chart).exists()


def test_the_chart_and_the_link_of_another_team_do_not_exist(chart, alice, charlie, sign_in):
    link, _ = sharing.share(team=chart.team, target=chart, by=alice)
    stranger, theirs = sign_in(charlie), "elsewhere"
    assert stranger.post(reverse("flows:share_chart", args=[theirs, chart.pk])).status_code == 404
    assert stranger.post(reverse("accounts:revoke_share_link", args=[theirs, link.pk])).status_code == 404
    assert sharing.open_links(chart).count() == 1
