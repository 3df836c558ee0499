"""Saved charts, their numbers, and the people behind these, for programs: the same services as page and command."""

from dataclasses import asdict, fields
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.access import membership_of, require
from accounts.models import Role, Team
from flows import access, queries
from flows.contrasts import KINDS
from flows.engine.query import FlowQuery, QueryError
from flows.engine.selector import Selector
from flows.engine.spot import Spot
from flows.forms.contrasts import WITH, read_contrast
from flows.models import Cohort, FlowChart, FlowRun
from flows.questions import Analysis, read, read_number
from flows.serializers import ChartSerializer, CohortSerializer, NameSerializer, NewCohortSerializer
from flows.services import cohorts, comparisons, line, runs, sets, spots
from flows.store import DamagedSegment

PATIENCE = 2.0  # seconds that a request waits for its numbers before it says that they are on their way
PAGING = ("offset", "limit", "version")
# What an address says of a set. Where one of these is wrong the request is; elsewhere it is the question.
OF_A_SET = {*PAGING, *(each.name for kind in (Selector, Spot) for each in fields(kind))}
M = TypeVar("M", FlowChart, Cohort)


class IsMember(BasePermission):
    """Everybody in the team may read, editors may write; to a stranger the team does not exist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        membership = membership_of(request.user, view.kwargs["team_slug"])  # type: ignore[arg-type]
        if request.method not in SAFE_METHODS:
            require(membership, Role.EDITOR)
        view.team = membership.team  # type: ignore[attr-defined]
        return True


class TeamViewSet(ReadOnlyModelViewSet[M]):
    """What cannot be done is said in one sentence, with the field that is to blame."""

    team: Team
    permission_classes = [IsAuthenticated, IsMember]

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, QueryError):
            wrong = self.request.method != "GET" or exc.field in OF_A_SET or exc.field.startswith(WITH)
            code = status.HTTP_400_BAD_REQUEST if wrong else status.HTTP_409_CONFLICT
            return _refused(exc.sentence, code, field=exc.field)
        if isinstance(exc, ValidationError):
            return _refused(exc.messages[0], status.HTTP_409_CONFLICT)
        if isinstance(exc, DamagedSegment):
            return _refused(str(exc), status.HTTP_409_CONFLICT)
        if isinstance(exc, line.TooManyWait):
            return _refused(str(exc), status.HTTP_429_TOO_MANY_REQUESTS)
        if isinstance(exc, sets.Busy):
            return _refused(str(exc), status.HTTP_503_SERVICE_UNAVAILABLE)
        return super().handle_exception(exc)


class ChartViewSet(TeamViewSet[FlowChart]):
    serializer_class = ChartSerializer
    queryset = FlowChart.objects.none()

    def get_queryset(self):  # type: ignore[no-untyped-def]  # The schema is made without a team.
        return queries.charts(self.team) if hasattr(self, "team") else self.queryset

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT, 409: OpenApiTypes.OBJECT})
    @action(detail=True)
    def result(self, request: Request, **kwargs: str) -> Response:
        """The numbers on the newest events; 202 while they are computed, 409 with a sentence where they cannot be."""
        chart, query = self._asked()
        runs.check(dataset=chart.dataset, query=query)
        run = runs.settled(run=runs.ask(dataset=chart.dataset, query=query), within=PATIENCE)
        if run.status == FlowRun.Status.DONE:
            return Response(run.result)
        if run.is_over:
            return _refused(run.error or run.get_status_display(), status.HTTP_409_CONFLICT)
        return Response({"status": run.status, "fraction": run.fraction}, status.HTTP_202_ACCEPTED)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "set",
                required=True,
                description="matched, converted, node, link, path or prefix of a flow; step of a funnel, began or "
                "returned of retention, did of a trend",
            ),
            *(OpenApiParameter(name, int) for name in ("step", *PAGING)),
            *(OpenApiParameter(name) for name in ("label", "kind", "source", "source_kind", "target", "target_kind")),
            OpenApiParameter("state", description="how the path ended"),
            OpenApiParameter("path", many=True, description="all labels of a path"),
            OpenApiParameter("group", description="of a breakdown (value, other, none) or a trend (event, other)"),
            OpenApiParameter("value", description="what the group is called"),
            OpenApiParameter("since", description="where the period begins, as the result says it; else all"),
            OpenApiParameter("later", int, description="how many periods later somebody came back"),
            OpenApiParameter("measure", description="bounded or unbounded, people or events"),
        ],
        responses={200: OpenApiTypes.OBJECT, 400: OpenApiTypes.OBJECT, 409: OpenApiTypes.OBJECT},
    )
    @action(detail=True)
    def members(self, request: Request, **kwargs: str) -> Response:
        """The people behind a number of the result, the newest first; `total` is that number.

        `version` is the `dataset_version` of the result, so that both are of the same events.
        """
        chart, query = self._asked()
        params = dict(request.query_params.lists())
        if isinstance(query, Analysis):
            spot, paging = Spot.from_params(params), _paging(params)
            return Response(asdict(spots.page_of_spot(dataset=chart.dataset, question=query, spot=spot, **paging)))
        selector = Selector.from_params(params)
        page = sets.page_of(dataset=chart.dataset, query=query, selector=selector, **_paging(params))
        return Response(asdict(page))

    @extend_schema(
        parameters=[
            OpenApiParameter("with", required=True, description=f"one of {', '.join(KINDS)}"),
            OpenApiParameter("with-from", description="of the other range; a day is one of the team's time zone"),
            OpenApiParameter("with-to", description="its last day"),
            OpenApiParameter("with-cohort", int, description="for cohort, and for rest"),
        ],
        responses={
            200: OpenApiTypes.OBJECT,
            202: OpenApiTypes.OBJECT,
            400: OpenApiTypes.OBJECT,
            409: OpenApiTypes.OBJECT,
        },
    )
    @action(detail=True)
    def compare(self, request: Request, **kwargs: str) -> Response:
        """How the chart differs from another range, cohort or filter: the numbers of the page of a comparison.

        Filters of the other side are written as in an address: `with-where-0-property`, `with-people-0-kind` and so on.
        """
        chart, query = self._asked()
        if isinstance(query, Analysis):
            raise QueryError("kind", "kind: only flows can be compared.")
        zone = ZoneInfo(self.team.time_zone)
        contrast = read_contrast(request._request.GET, zone)
        if contrast is None:
            raise QueryError(WITH, f"{WITH}: say what to compare with: {', '.join(KINDS)}.")
        pair = comparisons.pair_of(dataset=chart.dataset, query=query, contrast=contrast, zone=zone)
        sides = comparisons.ask(dataset=chart.dataset, pair=pair, within=PATIENCE)
        if sides.are_done:
            return Response(comparisons.compared(sides))
        if sides.are_over:
            return _refused(sides.error, status.HTTP_409_CONFLICT)
        return Response({"status": "running", "fraction": sides.fraction}, status.HTTP_202_ACCEPTED)

    def _asked(self) -> tuple[FlowChart, FlowQuery | Analysis]:
        chart = self.get_object()
        query = runs.saved_query(chart.query)
        if query is None:
            raise ValidationError("The saved question can no longer be read.")
        return chart, query


class CohortViewSet(TeamViewSet[Cohort]):
    serializer_class = CohortSerializer
    queryset = Cohort.objects.none()

    def get_queryset(self):  # type: ignore[no-untyped-def]
        return queries.cohorts(self.team) if hasattr(self, "team") else self.queryset

    @extend_schema(request=NewCohortSerializer, responses={201: CohortSerializer, 400: OpenApiTypes.OBJECT})
    def create(self, request: Request, **kwargs: str) -> Response:
        """Save the people behind a number of a flow or an analysis."""
        given = _read(NewCohortSerializer(data=request.data))
        made = cohorts.save_cohort(
            dataset=access.dataset_of(self.team, given["dataset"]),
            query=read(given["query"]),
            selector=read_number(given["selector"]),
            name=given["name"],
            by=request.user,  # type: ignore[arg-type]
            version=given.get("version"),
        )
        return Response(CohortSerializer(made).data, status.HTTP_201_CREATED)

    @extend_schema(request=NameSerializer, responses=CohortSerializer)
    def partial_update(self, request: Request, **kwargs: str) -> Response:
        """Give it another name."""
        cohort, given = self.get_object(), _read(NameSerializer(data=request.data))
        return Response(CohortSerializer(cohorts.rename_cohort(cohort=cohort, name=given["name"])).data)

    @extend_schema(responses={204: None, 409: OpenApiTypes.OBJECT})
    def destroy(self, request: Request, **kwargs: str) -> Response:
        """409 while a saved chart asks about it."""
        cohorts.delete_cohort(cohort=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=CohortSerializer)
    @action(detail=True, methods=["post"])
    def refresh(self, request: Request, **kwargs: str) -> Response:
        """Choose its people anew, on the newest events."""
        return Response(CohortSerializer(cohorts.refresh_cohort(cohort=self.get_object())).data)


def _refused(sentence: str, code: int, **more: str) -> Response:
    # What was asked may stand in the sentence, with halves of characters that cannot be sent back.
    said = {"error": sentence, **more}
    answer = Response({key: text.encode(errors="replace").decode() for key, text in said.items()}, code)
    if code in (status.HTTP_429_TOO_MANY_REQUESTS, status.HTTP_503_SERVICE_UNAVAILABLE):
        answer["Retry-After"] = "5"
    return answer


def _read(form: Serializer[Cohort]) -> dict[str, Any]:
    """Raises QueryError for the first field that is wrong."""
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise QueryError(field, f"{field}: {errors[0]}")
    return form.validated_data


def _paging(params: dict[str, list[str]]) -> dict[str, int]:
    found = {}
    for name in PAGING:
        text = params.get(name, [""])[-1]
        if text and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise QueryError(name, f"{name}: must be a whole number.")
        if text:
            found[name] = int(text)
    return found
