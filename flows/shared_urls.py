"""What is shown without signing in; the token is the whole right."""

from django.urls import path

from flows.views import shared

app_name = "shared"
urlpatterns = [
    path("shared/charts/<slug:token>/", shared.chart, name="chart"),
    path("embed/charts/<slug:token>/", shared.chart, {"embed": True}, name="embed_chart"),
]
