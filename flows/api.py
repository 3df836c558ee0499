"""Saved charts and their numbers, for programs: the same question, the same run, the same JSON as page and command."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.access import membership_of
from flows import queries
from flows.engine.query import QueryError
from flows.models import FlowChart, FlowRun
from flows.serializers import ChartSerializer
from flows.services import runs

PATIENCE = 2.0  # seconds that a request waits for its numbers before it says that they are on their way


class IsMember(BasePermission):
    """Everybody in the team may read; to a stranger the team does not exist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        view.team = membership_of(request.user, view.kwargs["team_slug"]).team  # type: ignore[arg-type,attr-defined]
        return True


class ChartViewSet(ReadOnlyModelViewSet[FlowChart]):
    serializer_class = ChartSerializer
    permission_classes = [IsAuthenticated, IsMember]
    queryset = FlowChart.objects.none()

    def get_queryset(self):  # type: ignore[no-untyped-def]  # The schema is made without a team.
        return queries.charts(self.team) if hasattr(self, "team") else self.queryset

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT, 409: OpenApiTypes.OBJECT})
    @action(detail=True)
    def result(self, request: Request, **kwargs: str) -> Response:
        """The numbers on the newest events; 202 while they are computed, 409 with a sentence where they cannot be."""
        chart = self.get_object()
        query = runs.saved_query(chart.query)
        if query is None:
            return Response({"error": "The saved question can no longer be read."}, status.HTTP_409_CONFLICT)
        try:
            runs.check(dataset=chart.dataset, query=query)
        except QueryError as error:
            return Response({"error": error.sentence, "field": error.field}, status.HTTP_409_CONFLICT)
        run = runs.settled(run=runs.ask(dataset=chart.dataset, query=query), within=PATIENCE)
        if run.status == FlowRun.Status.DONE:
            return Response(run.result)
        if run.is_over:
            return Response({"error": run.error or run.get_status_display()}, status.HTTP_409_CONFLICT)
        return Response({"status": run.status, "fraction": run.fraction}, status.HTTP_202_ACCEPTED)
