"""What is shown without signing in; the token is the whole right."""

from django.urls import path

from maps.views import shared

app_name = "shared_maps"
urlpatterns = [
    path("shared/maps/<slug:token>/", shared.shared, name="map"),
    path("embed/maps/<slug:token>/", shared.shared, {"embed": True}, name="embed_map"),
]
