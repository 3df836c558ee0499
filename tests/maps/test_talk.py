"""Comments in threads: who may say what, who is told, and what becomes of them when the map changes."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from accounts.models import Membership, Notification, User
from maps import queries, services, talking
from maps.models import Comment, JourneyMap
from maps.page import MapPage
from maps.targets import target_of
from tests.maps.shape import assert_logged
from tests.maps.test_concurrency import together
from tests.maps.test_queries import number_of_queries


def at(journey: JourneyMap, *parts: object) -> str:
    return "/".join(["", "t", journey.team.slug, "maps", str(journey.pk), *map(str, parts), ""])


@pytest.fixture
def say(journey, carol):
    def said(about: str = "map", body: str = "Is this so?", by: User = carol) -> Comment:
        return services.start_thread(journey=journey, by=by, about=about, body=body)

    return said


@pytest.fixture
def carols(sign_in, carol):
    return sign_in(carol)


def told(user: User) -> list[tuple[str, str]]:
    return [(line.kind, line.excerpt) for line in Notification.objects.filter(user=user).order_by("pk")]


def marks(page: MapPage) -> dict[str, int]:
    """What the page marks, by element."""
    found = {f"stage-{head.pk}": head.threads for head in page.stages}
    found |= {f"step-{head.pk}": head.threads for head in page.steps}
    for row in page.lanes:
        found[f"lane-{row.lane.pk}"] = row.threads
        for cell in row.cells:
            found[f"cell-{cell.key}"] = cell.threads
            found |= {f"card-{card.pk}": card.threads for card in cell.cards}
    return {name: count for name, count in found.items() if count}


def elements(journey: JourneyMap, card) -> list[str]:
    """One of every kind."""
    stage, lane = journey.stages.first(), journey.lanes.get(kind="emotion")
    return [f"stage-{stage.pk}", f"step-{stage.steps.first().pk}", f"lane-{lane.pk}",
            f"cell-{lane.pk}-{stage.steps.first().pk}", f"card-{card.pk}", "map"]  # fmt: skip


def test_a_thread_is_about_any_part_of_a_map_and_marks_it(team, journey, card, say, bob):
    for element in elements(journey, card):
        first = say(element)
        assert target_of(journey, element).key == first.key
    page = queries.map_page(team, journey)
    assert marks(page) == dict.fromkeys(elements(journey, card)[:-1], 1)
    assert page.threads == 6
    services.resolve_thread(journey=journey, by=bob, thread=first.pk)
    assert queries.map_page(team, journey).threads == 5


def test_what_is_said_is_no_change_of_the_map(journey, card, say, bob):
    revision = journey.revision
    services.reply(journey=journey, by=bob, thread=say(f"card-{card.pk}").pk, body="It is")
    journey.refresh_from_db()
    assert (journey.revision, journey.talked) == (revision, 2)
    assert_logged(journey)
    copy = services.duplicate_map(journey=journey, by=bob)
    assert not copy.comments.exists()


def test_a_thread_outlives_what_it_is_about_and_finds_it_again(journey, card, say, bob, bobs):
    first = say(f"card-{card.pk}")
    services.remove_card(journey=journey, by=bob, card=card.pk)
    assert talking.placed(journey, [first])[0].target is None
    page = bobs.get(at(journey, "comments", first.pk)).text
    assert "has been removed from the map" in page
    assert "Searches for a way out" in page
    services.undo(journey=journey, by=bob)
    assert talking.placed(journey, [first])[0].target.element == f"card-{card.pk}"
    assert journey.comments.get().body == "Is this so?"


def test_nothing_blank_nothing_long_and_nothing_foreign(journey, elsewhere, card, say, bob, charlie):
    foreign = elsewhere.stages.first()
    for body in ("", "  \n ", "\x00", "x" * 10_001):
        with pytest.raises(ValidationError):
            say(body=body)
    nonsense = ["stage-0", "card-" + "9" * 18, "card-" + "9" * 5000, "cell-1-1", "", "grid", "card-1\n"]
    for about in (f"stage-{foreign.pk}", *nonsense):
        with pytest.raises(Http404):
            say(about)
    first = services.start_thread(journey=elsewhere, by=charlie, about="map", body="Theirs")
    for call in (services.reply, services.edit_comment):
        key = "thread" if call is services.reply else "comment"
        with pytest.raises(Http404):
            call(journey=journey, by=bob, body="Mine", **{key: first.pk})
    with pytest.raises(Http404):
        services.resolve_thread(journey=journey, by=bob, thread=first.pk)


def test_only_the_author_edits_and_removes(journey, say, bob, carol):
    first = say()
    for call in (services.edit_comment, services.remove_comment):
        words = {"body": "Not hers"} if call is services.edit_comment else {}
        with pytest.raises(PermissionDenied):
            call(journey=journey, by=bob, comment=first.pk, **words)
    assert services.edit_comment(journey=journey, by=carol, comment=first.pk, body="Is it?").edited_at
    reply = services.reply(journey=journey, by=bob, thread=first.pk, body="Yes, @carol")
    services.remove_comment(journey=journey, by=carol, comment=first.pk)
    said = talking.said_in(talking.thread_with(journey, reply.pk))
    assert [(item.comment.body, bool(item.comment.removed_at)) for item in said] == [("", True), ("Yes, @carol", False)]
    services.remove_comment(journey=journey, by=bob, comment=reply.pk)
    assert told(carol) == []  # What is taken back is not told.
    assert talking.open_threads(journey) == {}
    with pytest.raises(Http404):
        services.reply(journey=journey, by=bob, thread=first.pk, body="Late")


def test_mentions_and_replies_are_told_once_and_never_to_strangers(journey, say, alice, bob, carol, vera, charlie):
    gone = User.objects.create_user("gone@example.com", name="Gone")
    first = say(body="@Bob, @charlie@example.com, @Gone, @nobody: is it so? @carol")
    assert told(bob) == [("mention", first.body)]
    services.reply(journey=journey, by=bob, thread=first.pk, body="It is, @Vera")
    services.reply(journey=journey, by=alice, thread=first.pk, body="No")
    assert [kind for kind, _ in told(carol)] == ["reply", "reply"]
    assert told(bob) == [("mention", first.body), ("reply", "No")]
    assert told(vera) == [("mention", "It is, @Vera"), ("reply", "No")]
    assert told(charlie) == told(gone) == []
    services.edit_comment(journey=journey, by=carol, comment=first.pk, body="@Bob and @Alice")
    assert [kind for kind, _ in told(alice)] == ["mention"]
    assert len(told(bob)) == 2
    Membership.objects.filter(user=bob).delete()
    services.reply(journey=journey, by=alice, thread=first.pk, body="@Bob is gone")
    assert len(told(bob)) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_who_resolve_at_once_one_did_it(journey, say, alice, bob):
    first = say()

    def resolve(by):
        fresh = JourneyMap.objects.get(pk=journey.pk)
        return lambda: services.resolve_thread(journey=fresh, by=by, thread=first.pk)

    one, other = together(resolve(alice), resolve(bob))
    assert one.resolved_by_id == other.resolved_by_id
    assert JourneyMap.objects.get(pk=journey.pk).talked == 2
    reopened = services.resolve_thread(journey=journey, by=bob, thread=first.pk, resolved=False)
    assert (reopened.resolved_at, reopened.resolved_by) == (None, None)


def test_five_hundred_threads_cost_the_map_and_the_list_no_more(team, journey, say, card, bobs):
    names = elements(journey, card)
    for name in names:
        say(name)
    pages = [at(journey), at(journey, "comments"), f"{at(journey, 'comments')}?about=card-{card.pk}&new=1"]
    for url in pages:
        bobs.get(url)
    few = [number_of_queries(lambda url=url: bobs.get(url)) for url in pages]
    heads = list(Comment.objects.filter(map=journey))
    Comment.objects.bulk_create(
        Comment(team=team, map=journey, part=row.part, key=row.key, about=row.about, author=row.author, body="More")
        for row in heads * 84
    )
    assert queries.map_page(team, journey).threads > 500
    assert [number_of_queries(lambda url=url: bobs.get(url)) for url in pages] == few
    first = heads[0]
    thread = at(journey, "comments", first.pk)
    few = number_of_queries(lambda: bobs.get(thread))
    Comment.objects.bulk_create(
        Comment(team=team, map=journey, thread=first, author=first.author, body="@bob <b>") for _ in range(60)
    )
    assert number_of_queries(lambda: bobs.get(thread)) == few


# --- Pages --------------------------------------------------------------------------------------


def test_a_comment_too_long_is_refused_with_its_text_kept(journey, carols):
    typed = "<script>alert(1)</script>" + "x" * 1_000_000
    for headers in ({}, {"HX-Request": "true"}):
        answer = carols.post(at(journey, "comments"), {"about": "map", "body": typed}, headers=headers)
        assert answer.status_code == 422
        assert "At most 10,000 characters fit here" in answer.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" + "x" * 1_000_000 in answer.text
        assert "<script>alert" not in answer.text
    assert not Comment.objects.exists()


def test_without_scripts_a_thread_is_begun_answered_edited_resolved_and_removed(journey, card, carols, bobs):
    about = f"card-{card.pk}"
    there = carols.post(at(journey, "comments"), {"about": about, "body": "@Bob <i>so</i>?"})["Location"]
    page = bobs.get(there).text
    assert '<span class="meant">@Bob</span> &lt;i&gt;so&lt;/i&gt;?' in page
    assert 'id="map"' in page  # beside the map
    first = Comment.objects.get()
    thread = at(journey, "comments", first.pk)
    assert bobs.post(thread, {"body": "Yes"}).status_code == 302
    edit = at(journey, "comments", first.pk, "edit")
    assert "@Bob &lt;i&gt;so&lt;/i&gt;?" in carols.get(edit).text
    assert bobs.get(edit).status_code == 403
    assert carols.post(edit, {"body": " "}).status_code == 422
    carols.post(edit, {"body": "Really?"})
    bobs.post(at(journey, "comments", first.pk, "resolve"), {"resolved": "1"})
    assert "Resolved by Bob" in carols.get(thread).text
    assert f"comments/?about={about}" not in carols.get(at(journey)).text.replace(f'{about}" data-talk class', "")
    carols.post(at(journey, "comments", first.pk, "remove"))
    page = carols.get(thread).text
    assert "This comment was removed" in page
    assert "Really?" not in page


def test_threads_are_narrowed_by_what_the_address_asks(journey, card, say, bob, alice, bobs):
    one, two = say(f"card-{card.pk}", "First"), say("map", "Second", by=alice)
    three = say("map", "Third")
    services.resolve_thread(journey=journey, by=bob, thread=three.pk)
    services.reply(journey=journey, by=bob, thread=two.pk, body="Aha")

    def found(query: str) -> list[str]:
        return [thread.first.body for thread in bobs.get(f"{at(journey, 'comments')}?{query}").context["threads"]]

    assert found("") == ["Second", "First"]
    assert found("show=resolved") == ["Third"]
    assert found("show=all&mine=1") == ["Second"]
    assert found("about=map&new=1") == ["Second"]
    assert found("show=nonsense&page=9999") == ["Second", "First"]
    assert bobs.get(f"{at(journey, 'comments')}?about=card-{card.pk}").context["thread"].first == one
    assert bobs.get(f"{at(journey, 'comments')}?about=card-0").status_code == 404


def test_viewers_read_and_do_not_write(journey, card, say, sign_in, vera, carols):
    first = say(f"card-{card.pk}")
    page = sign_in(vera).get(at(journey, "comments", first.pk)).text
    assert "Is this so?" in page
    assert 'name="body"' not in page
    assert "Reopen" not in page
    assert "Resolve<" not in carols.get(at(journey, "comments", first.pk)).text
    assert 'class="mark' not in carols.get(at(journey, "present")).text


def test_colleagues_fetch_the_marks_of_what_was_said(journey, card, say, bobs):
    say(f"card-{card.pk}")
    say(f"stage-{journey.stages.first().pk}")
    url, headers = at(journey, "changes"), {"HX-Request": "true"}
    assert bobs.get(url, {"since": journey.revision, "talked": 2}, headers=headers).status_code == 204
    answer = bobs.get(url, {"since": journey.revision, "talked": 1}, headers=headers)
    assert answer["HX-Trigger"] == f'{{"map:at": {{"seq": {journey.revision}, "talked": 2}}}}'
    assert f'id="stage-{journey.stages.first().pk}"' in answer.text
    assert f'id="card-{card.pk}"' not in answer.text
    assert 'id="map-talk-b"' in answer.text
    both = bobs.get(url, {"since": journey.revision, "talked": 0}, headers=headers).text
    assert f'comments/?about=card-{card.pk}"' in both


def test_commenters_reach_every_part_by_a_link(journey, card, carols):
    page = carols.get(at(journey)).text
    for element in (f"card-{card.pk}", f"lane-{journey.lanes.first().pk}", f"stage-{journey.stages.first().pk}"):
        assert f'comments/?about={element}" data-talk' in page
