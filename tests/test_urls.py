"""Who may open what. Every named URL of the product stands in a table below; one that is missing fails."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Invitation, Membership, Role, Team, User
from accounts.sharing import share
from flows.engine.query import FlowQuery
from flows.engine.selector import Selector
from flows.models import Cohort
from flows.services import charts, dashboards, datasets, imports, runs
from flows.services.alerts import create_alert
from flows.services.annotations import annotate
from maps.library import BLANK
from maps.models import Channel, Lane, Persona, Stage
from maps.pictures.drawn import Drawn
from maps.services import add_card, create_map, keep_picture, make_variant, start_thread, take_snapshot

VIEWER, COMMENTER, EDITOR, ADMIN, OWNER = reversed(Role)

# Packages look after their own pages.
FOREIGN = ("account_", "mfa_", "admin:")

# The role that a member needs to read (GET) and to write (POST); None: there is no such method.
OF_A_TEAM: dict[str, tuple[Role | None, Role | None]] = {
    "accounts:team": (VIEWER, ADMIN),
    "accounts:invite": (None, ADMIN),
    "accounts:withdraw": (None, ADMIN),
    "accounts:change_member": (None, ADMIN),
    "accounts:people": (VIEWER, None),
    "accounts:inbox": (VIEWER, None),
    "accounts:open_notification": (VIEWER, None),
    "accounts:mark_read": (None, VIEWER),
    "accounts:revoke_share_link": (None, EDITOR),
    "flows:list": (VIEWER, None),
    "flows:new": (VIEWER, EDITOR),
    "flows:chart": (VIEWER, EDITOR),
    "flows:delete_chart": (None, EDITOR),
    "flows:duplicate_chart": (None, EDITOR),
    "flows:export_new": (VIEWER, None),
    "flows:export": (VIEWER, None),
    "flows:about": (VIEWER, EDITOR),
    "flows:annotate": (None, EDITOR),
    "flows:remove_annotation": (None, EDITOR),
    "flows:restore_version": (None, EDITOR),
    "flows:set_refresh": (None, EDITOR),
    "flows:add_alert": (None, EDITOR),
    "flows:remove_alert": (None, EDITOR),
    "flows:test_alert": (None, EDITOR),
    "flows:dashboards": (VIEWER, EDITOR),
    "flows:dashboard": (VIEWER, EDITOR),
    "flows:delete_dashboard": (None, EDITOR),
    "flows:share_dashboard": (EDITOR, EDITOR),
    "flows:add_tile": (None, EDITOR),
    "flows:tile": (VIEWER, None),
    "flows:change_tile": (None, EDITOR),
    "flows:share_chart": (EDITOR, EDITOR),
    "flows:cancel_run": (None, VIEWER),
    "flows:events": (VIEWER, None),
    "flows:new_people": (VIEWER, EDITOR),
    "flows:people": (VIEWER, EDITOR),
    "flows:new_funnel": (VIEWER, None),
    "flows:funnel": (VIEWER, None),
    "flows:new_insights": (VIEWER, None),
    "flows:insights": (VIEWER, None),
    "flows:new_compare": (VIEWER, None),
    "flows:compare": (VIEWER, None),
    "flows:new_trace": (VIEWER, None),
    "flows:trace": (VIEWER, None),
    "flows:new_tree": (VIEWER, None),
    "flows:tree": (VIEWER, None),
    "flows:new_reached": (VIEWER, EDITOR),
    "flows:reached": (VIEWER, EDITOR),
    "flows:properties": (VIEWER, None),
    "flows:data": (VIEWER, EDITOR),
    "flows:dataset": (VIEWER, None),
    "flows:delete_dataset": (None, ADMIN),
    "flows:upload": (EDITOR, EDITOR),
    "flows:import": (VIEWER, EDITOR),
    "flows:cancel_import": (None, EDITOR),
    "flows:rejects": (VIEWER, None),
    "maps:list": (VIEWER, VIEWER),
    "maps:duplicate": (None, EDITOR),
    "maps:make_variant": (None, EDITOR),
    "maps:differences": (VIEWER, VIEWER),
    "maps:tree": (VIEWER, VIEWER),
    "maps:take_out": (None, EDITOR),
    "maps:sub_journeys": (EDITOR, EDITOR),
    "maps:search": (VIEWER, VIEWER),
    "maps:set_status": (None, EDITOR),
    "maps:import_map": (EDITOR, EDITOR),
    "maps:export": (VIEWER, None),
    "maps:paste": (EDITOR, EDITOR),
    "maps:new": (EDITOR, EDITOR),
    "maps:map": (VIEWER, VIEWER),
    "maps:present": (VIEWER, VIEWER),
    "maps:settings": (EDITOR, EDITOR),
    "maps:add_stage": (None, EDITOR),
    "maps:stage": (EDITOR, EDITOR),
    "maps:rename_stage": (EDITOR, EDITOR),
    "maps:confirm_stage": (None, EDITOR),
    "maps:move_stage": (None, EDITOR),
    "maps:remove_stage": (None, EDITOR),
    "maps:duplicate_stage": (None, EDITOR),
    "maps:copy_stage": (EDITOR, EDITOR),
    "maps:add_step": (None, EDITOR),
    "maps:step": (EDITOR, EDITOR),
    "maps:rename_step": (EDITOR, EDITOR),
    "maps:moment_of_truth": (None, EDITOR),
    "maps:move_step": (None, EDITOR),
    "maps:remove_step": (None, EDITOR),
    "maps:duplicate_step": (None, EDITOR),
    "maps:add_lane": (EDITOR, EDITOR),
    "maps:lane": (EDITOR, EDITOR),
    "maps:rename_lane": (EDITOR, EDITOR),
    "maps:collapse_lane": (None, EDITOR),
    "maps:lane_persona": (None, EDITOR),
    "maps:move_lane": (None, EDITOR),
    "maps:remove_lane": (None, EDITOR),
    "maps:duplicate_lane": (None, EDITOR),
    "maps:copy_lane": (EDITOR, EDITOR),
    "maps:cell": (VIEWER, EDITOR),
    "maps:new_card": (EDITOR, EDITOR),
    "maps:paste_card": (None, EDITOR),
    "maps:card": (EDITOR, EDITOR),
    "maps:card_details": (EDITOR, EDITOR),
    "maps:move_card": (None, EDITOR),
    "maps:remove_card": (None, EDITOR),
    "maps:duplicate_card": (None, EDITOR),
    "maps:emotions": (VIEWER, VIEWER),
    "maps:emotion": (EDITOR, EDITOR),
    "maps:clear_emotion": (None, EDITOR),
    "maps:undo": (None, EDITOR),
    "maps:redo": (None, EDITOR),
    "maps:comments": (VIEWER, COMMENTER),
    "maps:thread": (VIEWER, COMMENTER),
    "maps:edit_comment": (COMMENTER, COMMENTER),
    "maps:remove_comment": (None, COMMENTER),
    "maps:resolve_thread": (None, EDITOR),
    "maps:work": (VIEWER, VIEWER),
    "maps:changes": (VIEWER, VIEWER),
    "maps:live": (VIEWER, None),
    "maps:editing": (None, EDITOR),
    "maps:history": (VIEWER, VIEWER),
    "maps:compare": (VIEWER, VIEWER),
    "maps:restore": (None, EDITOR),
    "maps:add_snapshot": (None, EDITOR),
    "maps:remove_snapshot": (None, EDITOR),
    "maps:channels": (VIEWER, VIEWER),
    "maps:channel": (VIEWER, EDITOR),
    "maps:merge_channel": (None, EDITOR),
    "maps:personas": (VIEWER, VIEWER),
    "maps:new_persona": (EDITOR, EDITOR),
    "maps:persona": (VIEWER, VIEWER),
    "maps:edit_persona": (EDITOR, EDITOR),
    "maps:archive_persona": (None, EDITOR),
    "maps:picture": (VIEWER, None),
    "maps:add_picture": (EDITOR, EDITOR),
    "maps:replace_picture": (EDITOR, EDITOR),
    "maps:touchpoints": (VIEWER, VIEWER),
    "maps:touchpoint": (VIEWER, EDITOR),
    "maps:merge_touchpoint": (None, EDITOR),
    "maps:opportunities": (VIEWER, VIEWER),
    "maps:opportunities_pulse": (VIEWER, None),
    "maps:opportunity": (VIEWER, EDITOR),
    "maps:score_opportunity": (None, EDITOR),
    "maps:go": (VIEWER, VIEWER),
    "maps:share_map": (EDITOR, EDITOR),
    "maps:to_dashboard": (EDITOR, None),
    "maps:remove_sample": (None, OWNER),
}
# Of whoever wrote it, with that role or more, and of nobody else.
OF_THE_AUTHOR = {"maps:edit_comment", "maps:remove_comment"}
TILES = ("add_tile", "tile", "change_tile")
OF_A_PERSON = {"home", "welcome", "profile", "accept_invitation", "add_sample"}
OF_ANYBODY = {"healthz"}
# Who has the token of a link is let in, signed in or not; tests/accounts/test_sharing.py and its like hold them to it.
OF_WHOEVER_HOLDS_A_LINK = {
    "shared:chart",
    "shared:embed_chart",
    "shared:dashboard",
    "shared:embed_dashboard",
    "shared:dashboard_tile",
    "shared_maps:map",
    "shared_maps:embed_map",
}
# The role for reading, for writing, and with which methods one writes.
OF_THE_API: dict[str, tuple[Role | None, Role | None, tuple[str, ...]]] = {
    "api:charts-list": (VIEWER, None, ()),
    "api:charts-detail": (VIEWER, None, ()),
    "api:charts-result": (VIEWER, None, ()),
    "api:charts-members": (VIEWER, None, ()),
    "api:charts-compare": (VIEWER, None, ()),
    "api:cohorts-list": (VIEWER, EDITOR, ("post",)),
    "api:cohorts-detail": (VIEWER, EDITOR, ("patch", "delete")),
    "api:cohorts-refresh": (None, EDITOR, ("post",)),
}
OF_WHOEVER_IS_SIGNED_IN = {"api:schema"}


def names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{prefix}{entry.name}"
        else:
            yield from names(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)


def test_every_named_url_stands_in_a_table():
    ours = {name for name in names(get_resolver()) if not name.startswith(FOREIGN)}
    open_to_some = OF_A_PERSON | OF_ANYBODY | OF_WHOEVER_HOLDS_A_LINK | OF_WHOEVER_IS_SIGNED_IN
    assert ours == set(OF_A_TEAM) | set(OF_THE_API) | open_to_some


@pytest.fixture
def world(team: Team, alice: User, carol: User, vera: User) -> dict[str, Any]:
    """One of everything that an address can name, and no more, because every page is opened by everybody."""
    Team.objects.filter(pk=team.pk).update(is_sample=True)
    journey = create_map(team=team, by=alice, title="Journey", template=BLANK)
    stage = Stage.objects.get(map=journey)
    step = stage.steps.get()
    lanes = journey.lanes.filter(kind__in=(Lane.Kind.TOUCHPOINT, Lane.Kind.OPPORTUNITY))
    cards = {
        lane.kind: add_card(journey=journey, by=alice, lane=lane.pk, step=step.pk, body="A card").pk for lane in lanes
    }
    dataset = datasets.create_dataset(team=team, name="Shop")
    import_ = imports.create_import(dataset=dataset, file=ContentFile(b"x"), filename="x.csv", by=alice)
    chart = charts.save_chart(team=team, dataset=dataset, name="Chart", query=FlowQuery(start=("signup",)), owner=alice)
    cohort = Cohort.objects.create(
        team=team, dataset=dataset, name="Cohort", slug="cohort", query=chart.query, selector={"set": "matched"},
        dataset_version=0, count=0, people=0, file="none", checksum="none",
    )  # fmt: skip
    invitation = Invitation.objects.create(team=team, email="dora@example.com")
    snapshot = take_snapshot(journey=journey, by=alice, label="Agreed")
    board = dashboards.create_dashboard(team=team, name="Board", by=alice)
    channel = Channel.objects.get_or_create(team=team, name="Web")[0]
    picture = keep_picture(team=team, drawn=Drawn(b"WebP", 1, 1))
    persona = Persona.objects.create(team=team, name="Kim", picture=picture)
    lane = Lane.objects.filter(map=journey, kind=Lane.Kind.EMOTION).get()
    comment = start_thread(journey=journey, by=carol, about="map", body="@vera, is this so?")
    return {
        "team_slug": team.slug,
        "dataset_slug": dataset.slug,
        "name": picture.name,
        "number": import_.number,
        "alert": create_alert(
            chart=chart,
            selector=Selector(set="matched"),
            label="All",
            measure="share",
            rule="changes",
            bound=None,
            people=[alice],
            webhook_url="",
            by=alice,
        ).pk,
        "tile": dashboards.add_tile(dashboard=board, chart=chart).pk,
        "note": annotate(team=team, day=date(2026, 3, 2), text="Launch", by=alice).pk,
        "token": invitation.token,
        "stage": stage.pk,
        "step": step.pk,
        "lane": lane.pk,
        "form": "json",
        "touchpoint": cards[Lane.Kind.TOUCHPOINT],
        "snapshot": snapshot.pk,
        "comment": comment.pk,
        "card": cards[Lane.Kind.OPPORTUNITY],
        "accounts": {
            "withdraw": invitation.pk,
            "open_notification": vera.notifications.get().pk,
            "change_member": Membership.objects.get(user=vera).pk,
            "revoke_share_link": share(team=team, target=chart, by=alice)[0].pk,
        },
        "flows": {"cancel_run": runs.ask(dataset=dataset, query=FlowQuery(start=("signup",))).pk, "": chart.pk}
        | dict.fromkeys(("dashboard", "delete_dashboard", "share_dashboard", *TILES), board.pk),
        "maps": {
            "": journey.pk,
            "differences": make_variant(journey=journey, by=alice).pk,
            "channel": channel.pk,
            "merge_channel": channel.pk,
            **dict.fromkeys(("persona", "edit_persona", "archive_persona"), persona.pk),
        },
        "api": {"charts": chart.pk, "cohorts": cohort.pk},
    }


def address(name: str, world: dict[str, Any]) -> str:
    app, _, short = name.partition(":")
    keys = world.get(app, {})
    pattern = get_resolver().namespace_dict[app][1] if app in get_resolver().namespace_dict else get_resolver()
    wanted = pattern.reverse_dict.getlist(short)[0][0][0][1] if short else []
    values = {key: world[key] for key in (*wanted, "team_slug") if key in world}
    if "pk" in wanted:
        values["pk"] = keys.get(short, keys.get(""))
    return reverse(name, kwargs=values)


class Asker(Client):
    """Keeps nothing of what templates were given, which costs as much as drawing them. A fault is a 500, as outside."""

    def __init__(self, known: Client | None = None) -> None:
        super().__init__()
        self.cookies = known.cookies if known else self.cookies

    def request(self, **request: Any) -> HttpResponse:
        return self.handler(self._base_environ(**request))


def send(client: Client, method: str, path: str) -> HttpResponse:
    return client.get(path) if method == "GET" else client.post(path)


@pytest.mark.parametrize("app", ["accounts", "flows", "maps"])
def test_pages_of_a_team_open_for_its_members_by_role(app, world, sign_in, vera, carol, bob, adam, alice, charlie):
    users = zip(reversed(Role), (vera, carol, bob, adam, alice), strict=True)
    members = {role: Asker(sign_in(user)) for role, user in users}
    stranger = Asker(sign_in(charlie))
    wrong = []
    for name, needs in OF_A_TEAM.items():
        for method, needed in zip(("GET", "POST"), needs, strict=True):
            if not name.startswith(f"{app}:"):
                continue
            # What one request changes or removes, the next one finds again.
            with transaction.atomic():
                found = statuses(address(name, world), method, stranger, members)
                transaction.set_rollback(True)
            right = expected(needed, found)
            if needed and name in OF_THE_AUTHOR:
                right[2 + needed.rank + 1 :] = [403] * (len(Role) - needed.rank - 1)
            if found != right:
                wrong.append(f"{method} {name}: {found}, expected {right}")
    assert not wrong, "\n".join(wrong)


def statuses(path: str, method: str, stranger: Client, members: dict[Role, Client]) -> list[int]:
    """Of an anonymous visitor, a stranger, and the members from viewer to owner."""
    return [send(client, method, path).status_code for client in (Asker(), stranger, *members.values())]


def expected(needed: Role | None, found: list[int]) -> list[int]:
    """An allowed member is answered, be it that an empty form is refused; after the first, the thing may be gone."""
    if needed is None:
        return [405] * 7
    answered = [status if status in (200, 204, 302, 400, 404, 409, 422) else 200 for status in found[2:]]
    if answered[needed.rank] == 404:
        answered[needed.rank] = 200
    return [302, 404, *(403 if role.rank < needed.rank else answered[role.rank] for role in reversed(Role))]


@pytest.mark.parametrize("name", sorted(OF_A_PERSON))
def test_a_page_of_a_person_asks_to_sign_in(name, world, sign_in, charlie):
    path = reverse(name, kwargs={"token": world["token"]} if name == "accept_invitation" else {})
    method = "POST" if name == "add_sample" else "GET"
    assert send(Client(), method, path)["Location"].startswith("/accounts/login/")
    assert send(sign_in(charlie), method, path).status_code in (200, 302)


def test_the_health_of_the_process_is_open_to_anybody(db):
    assert Client().get("/healthz").content == b"ok"


METHODS = ("get", "post", "put", "patch", "delete")


@pytest.mark.parametrize("name", sorted(OF_THE_API))
def test_the_api_is_for_members_by_role(name, world, sign_in, vera, carol, bob, adam, alice, charlie):
    members = [sign_in(user) for user in (vera, carol, bob, adam, alice)]
    reads, writes, methods = OF_THE_API[name]
    keys = {"team_slug": world["team_slug"]}
    if not name.endswith("-list"):
        keys["pk"] = world["api"][name.partition(":")[2].partition("-")[0]]
    path = reverse(name, kwargs=keys)
    for method in METHODS:
        needed = reads if method == "get" else writes if method in methods else None
        with transaction.atomic():
            found = [getattr(client, method)(path).status_code for client in (Client(), sign_in(charlie), *members)]
            transaction.set_rollback(True)
        assert found[:2] == [403, 404], method
        for role, status in zip(reversed(Role), found[2:], strict=True):
            if needed is None:
                assert status in ((405,) if role.rank >= EDITOR.rank or method == "get" else (403, 405)), (method, role)
            elif role.rank < needed.rank:
                assert status == 403, (method, role)
            else:
                assert status in (200, 204, 400, 404, 409), (method, role)
        assert needed is None or 404 not in found[2 + needed.rank : 3 + needed.rank], method


@pytest.mark.parametrize("name", sorted(OF_WHOEVER_HOLDS_A_LINK))
def test_without_a_token_that_opens_it_nothing_is_shown_to_anybody(name, world, sign_in, alice):
    path = reverse(name, kwargs={"token": "a" * 43} | ({"tile": world["tile"]} if name.endswith("_tile") else {}))
    assert [send(client, "GET", path).status_code for client in (Client(), sign_in(alice))] == [404, 404]


@pytest.mark.parametrize("name", sorted(OF_WHOEVER_IS_SIGNED_IN))
def test_the_description_of_the_api_is_for_whoever_is_signed_in(name, sign_in, charlie):
    assert Client().get(reverse(name)).status_code == 403
    assert sign_in(charlie).get(reverse(name)).status_code == 200


@pytest.mark.parametrize("path", ["/admin/", "/admin/flows/import/", "/admin/accounts/user/"])
def test_the_admin_site_is_for_staff(path, sign_in, alice):
    assert sign_in(alice).get(path).status_code == 302
    alice.is_staff = alice.is_superuser = True
    alice.save()
    assert sign_in(alice).get(path).status_code == 200
