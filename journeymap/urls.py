from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from accounts.views import teams
from journeymap import views
from maps.views import sample

# One way in, with its second factor and its limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", teams.home, name="home"),
    path("welcome/", teams.welcome, name="welcome"),
    path("profile/", teams.profile, name="profile"),
    path("invitations/<slug:token>/", teams.accept, name="accept_invitation"),
    path("sample/", sample.add, name="add_sample"),
    path("accounts/", include("allauth.urls")),
    path("t/<slug:team_slug>/", include("accounts.urls")),
    path("t/<slug:team_slug>/", include("flows.urls")),
    path("t/<slug:team_slug>/", include("maps.urls")),
    path("", include("flows.shared_urls")),
    path("", include("maps.shared_urls")),
    path("api/", include("journeymap.api_urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
]
