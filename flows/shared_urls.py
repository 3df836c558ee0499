"""What is shown without signing in; the token is the whole right."""

from django.urls import path

from flows.views import dashboards, shared

app_name = "shared"
urlpatterns = [
    path("shared/charts/<slug:token>/", shared.chart, name="chart"),
    path("embed/charts/<slug:token>/", shared.chart, {"embed": True}, name="embed_chart"),
    path("shared/dashboards/<slug:token>/", dashboards.shared, name="dashboard"),
    path("embed/dashboards/<slug:token>/", dashboards.shared, {"embed": True}, name="embed_dashboard"),
    path("shared/dashboards/<slug:token>/tiles/<int:tile>/", dashboards.shared_tile, name="dashboard_tile"),
]
