from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from flows.api import ChartViewSet, CohortViewSet

router = SimpleRouter()
router.register("charts", ChartViewSet, basename="charts")
router.register("cohorts", CohortViewSet, basename="cohorts")

app_name = "api"
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("t/<slug:team_slug>/", include(router.urls)),
]
