from django.urls import path

from accounts.views import inbox, shared, teams

app_name = "accounts"
urlpatterns = [
    path("team/", teams.team, name="team"),
    path("team/invite/", teams.invite, name="invite"),
    path("team/invitations/<int:pk>/withdraw/", teams.withdraw, name="withdraw"),
    path("team/people/", inbox.people, name="people"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.mark_read, name="mark_read"),
    path("inbox/<int:pk>/", inbox.open_notification, name="open_notification"),
    path("team/members/<int:pk>/", teams.change_member, name="change_member"),
    path("share-links/<int:pk>/revoke/", shared.revoke, name="revoke_share_link"),
]
