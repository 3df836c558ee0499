import re
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory

from accounts.models import Team, User


def render(template="base.html", *, theme=None, user=None, **context):
    request = RequestFactory().get("/")
    request.user = user or User(pk=1, email="alice@example.com", name="Alice <b>")
    if theme is not None:
        request.COOKIES["theme"] = theme
    return render_to_string(template, context, request)


@pytest.fixture
def in_team():
    team = Team(pk=1, name="North <Bank>", slug="north-bank")
    other = Team(pk=2, name="Other", slug="other")
    return {"team": team, "memberships": [SimpleNamespace(team=team), SimpleNamespace(team=other)], "section": "flows"}


def test_the_rail_leads_everywhere_and_marks_the_place(in_team):
    page = render(**in_team)
    current = re.findall(r'<a class="rail__link" href="([^"]+)" aria-current="page"', page)
    assert current == ["/t/north-bank/flows/"]
    for place in ("maps", "flows", "data", "team"):
        assert f'href="/t/north-bank/{place}/"' in page
    assert 'href=""' not in page


def test_the_switcher_holds_the_persons_teams(in_team):
    page = render(**in_team)
    assert 'href="/t/other/maps/"' in page
    assert "North &lt;Bank&gt;" in page
    assert "<Bank>" not in page


def test_without_a_team_there_is_a_way_home():
    page = render(team=None)
    assert 'href="/"' in page
    assert 'id="me-menu"' in page
    assert "team-menu" not in page


def test_the_theme_of_the_cookie_is_rendered_at_once():
    assert '<html lang="en" data-theme="dark">' in render(theme="dark")
    assert '<html lang="en" data-theme="light">' in render("public.html", theme="light")


@pytest.mark.parametrize("theme", ["", "pink", '"><script>'])
def test_an_unknown_theme_follows_the_system(theme):
    assert '<html lang="en">' in render(theme=theme)


def test_no_script_and_no_handler_is_inline(in_team):
    for page in (render(**in_team), render("public.html", user=AnonymousUser())):
        assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
        assert re.findall(r"\son[a-z]+=", page) == []


def test_every_request_of_htmx_carries_the_token():
    assert re.search(r"hx-headers='{\"X-CSRFToken\": \"\w{64}\"}'", render())


@pytest.mark.parametrize("template", ["403.html", "403_csrf.html", "404.html"])
def test_errors_say_what_to_do(template):
    page = render(template, user=AnonymousUser())
    assert "<h1>" in page
    assert 'href="/"' in page


def test_the_page_for_our_own_faults_needs_nothing():
    assert "What was saved before is safe" in render_to_string("500.html")
