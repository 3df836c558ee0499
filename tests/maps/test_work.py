"""Who sees to a card, and by when."""

import io
from datetime import date, timedelta

import pytest
from django.http import Http404
from django.utils import timezone
from python_calamine import CalamineWorkbook

from accounts.models import Membership, Notification
from maps import queries, services
from maps.documents.reading import as_data
from maps.exports import xlsx
from maps.models import Card, JourneyMap
from tests.maps.shape import assert_logged
from tests.maps.test_queries import number_of_queries
from tests.maps.test_talk import at

TODAY = timezone.localdate()


@pytest.fixture
def give(journey, bob, card):
    def given(to, due: date | None = None, row: Card = card) -> Card:
        version = Card.objects.get(pk=row.pk).version
        details = {"owner": to and to.pk, "due": due}
        return services.save_card(journey=journey, by=bob, card=row.pk, version=version, details=details)

    return given


def test_a_card_is_given_to_a_member_who_is_told(give, vera, bob, charlie, card):
    give(vera, date(2026, 12, 1))
    give(vera, date(2026, 12, 2))
    (line,) = Notification.objects.all()
    assert (line.user, line.kind, line.text) == (vera, "assignment", "gave you a card in “First visit”")
    assert line.url.endswith(f"#card-{card.pk}")
    give(bob)  # himself
    give(vera)
    assert Notification.objects.filter(user=vera).count() == 2
    assert not Notification.objects.filter(user=bob).exists()
    with pytest.raises(Http404):
        give(charlie)


def test_it_is_logged_undone_and_told_in_the_history(journey, give, vera, bob, card, bobs):
    give(vera, date(2026, 12, 1))
    services.undo(journey=journey, by=bob)
    row = Card.objects.get(pk=card.pk)
    assert (row.owner, row.due) == (None, None)
    services.redo(journey=journey, by=bob)
    row.refresh_from_db()
    assert (row.owner, row.due) == (vera, date(2026, 12, 1))
    assert_logged(JourneyMap.objects.get(pk=journey.pk))
    differences = bobs.get(at(journey, "history", "compare"), {"old": 1}).text
    assert "Vera" in differences
    assert "2026-12-01" in differences


def test_it_leaves_in_json_and_excel_and_comes_back(team, journey, give, vera, bob, card):
    give(vera, date(2026, 12, 1))
    document = queries.document_of(team, journey)
    assert [part.due for _, _, part in document.cards() if part.owner == vera.email] == ["2026-12-01"]
    assert "due" in str(as_data(document))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(xlsx.write(document))).get_sheet_by_name("Work").to_python()
    assert rows[1][:3] == ["2026-12-01", vera.email, card.body]
    again = services.build_map(team=team, by=bob, document=document)
    assert Card.objects.get(cell__lane__map=again, owner=vera).due == date(2026, 12, 1)


def test_the_face_of_a_card_says_who_and_when_and_whether_it_is_late(journey, give, vera, bobs, card):
    give(vera, TODAY - timedelta(days=1))
    page = bobs.get(at(journey)).text
    assert "Vera sees to it" in page
    assert 'aria-label="Overdue"' in page
    give(vera, TODAY)
    assert 'aria-label="Overdue"' not in bobs.get(at(journey)).text
    form = {"body": card.body, "version": 3, "evidence": "observed"}
    answer = bobs.post(at(journey, "cards", card.pk, "details"), {**form, "owner": 10**9, "due": "soon"})
    assert answer.status_code == 422
    assert "soon" in answer.text


def test_the_map_is_narrowed_to_what_is_mine_or_overdue(journey, give, bob, vera, bobs, card):
    other = Card.objects.filter(cell__lane__map=journey).exclude(pk=card.pk).first()
    give(bob)
    give(vera, TODAY - timedelta(days=1), other)

    def shown(only: str) -> set[int]:
        page = bobs.get(at(journey), {"only": only}).text
        return {row.pk for row in (card, other) if f' other" id="card-{row.pk}"' not in page}

    assert shown("mine") == {card.pk}
    assert shown("overdue") == {other.pk}
    assert shown("nonsense") == {card.pk, other.pk}


def test_my_work_is_what_is_mine_over_all_maps_what_is_due_first_first(team, journey, give, bob, alice, bobs, card):
    cards = list(Card.objects.filter(cell__lane__map=journey)[:3])
    for row, due in zip(cards, (None, date(2030, 1, 2), date(2020, 1, 2)), strict=True):
        give(bob, due, row)
    url = f"/t/{team.slug}/work/"
    bobs.get(url)
    few = number_of_queries(lambda: bobs.get(url))
    assert list(bobs.get(url).context["pages"]) == [cards[2], cards[1], cards[0]]
    idea = Card.objects.filter(cell__lane__map=journey, kind="opportunity").first()
    give(bob, None, idea)
    done = {"status": "done"}
    version = Card.objects.get(pk=idea.pk).version
    services.save_card(journey=journey, by=bob, card=idea.pk, version=version, details=done)
    assert bobs.get(url).context["pages"].paginator.count == 3
    copy = services.duplicate_map(journey=journey, by=alice)
    assert bobs.get(url).context["pages"].paginator.count == 6
    assert number_of_queries(lambda: bobs.get(url)) == few
    services.update_map(journey=copy, by=alice, status="archived")
    assert bobs.get(url).context["pages"].paginator.count == 3
    Membership.objects.filter(user=bob).delete()
    assert bobs.get(url).status_code == 404
