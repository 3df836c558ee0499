from django.urls import path

from accounts import shared_pages, views

app_name = "accounts"
urlpatterns = [
    path("team/", views.team, name="team"),
    path("team/invite/", views.invite, name="invite"),
    path("team/invitations/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("team/members/<int:pk>/", views.change_member, name="change_member"),
    path("share-links/<int:pk>/revoke/", shared_pages.revoke, name="revoke_share_link"),
]
