"""Data management. What a job or a commit has written is read-only here; events are undone through the product."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from import_export.admin import ExportActionModelAdmin
from import_export.resources import ModelResource
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import action, display

from flows import tasks
from flows.engine.query import QueryError
from flows.models import (
    Alert,
    Annotation,
    ChartVersion,
    Cohort,
    Dashboard,
    Dataset,
    Delivery,
    EventName,
    FlowChart,
    FlowRun,
    Import,
    Job,
    Segment,
    Tile,
)
from flows.services import cohorts, jobs
from flows.services.sets import Busy
from flows.store import DamagedSegment


class ReadOnlyAdmin(ModelAdmin):
    """Rows that only the product itself may write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class JobAdmin(ReadOnlyAdmin):
    """Jobs can be watched, cancelled and, where they failed, put back into the queue."""

    actions = ["cancel_jobs", "queue_again"]
    list_filter = ["status", "team"]

    @display(
        description="Status",
        ordering="status",
        label={"done": "success", "failed": "danger", "running": "info", "queued": "warning"},
    )
    def shown_status(self, job: Job) -> tuple[str, str]:
        return job.status, job.get_status_display()

    @action(description="Cancel")
    def cancel_jobs(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        for job in queryset:
            jobs.cancel(job)
        self.message_user(request, f"Asked {len(queryset)} to stop.")

    @action(description="Put back into the queue")
    def queue_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        over = queryset.filter(status__in=[Job.Status.FAILED, Job.Status.CANCELLED])
        count = over.update(status=Job.Status.QUEUED, cancel_requested=False, heartbeat_at=None, error="")
        transaction.on_commit(tasks.ring_lost_bells.delay)
        self.message_user(request, f"Put {count} back into the queue.")


class EventNameResource(ModelResource):
    class Meta:
        model = EventName
        fields = ["dataset__slug", "name", "events", "first_at", "last_at"]


class SegmentInline(TabularInline):
    model = Segment
    extra = 0
    can_delete = False
    fields = readonly_fields = [
        "import_number",
        "file",
        "rows",
        "bytes",
        "time_from",
        "time_through",
        "born",
        "gone",
    ]
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Dataset)
class DatasetAdmin(ModelAdmin):
    list_display = ["name", "team", "events", "version", "data_from", "data_through"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["name", "slug", "team__name"]
    autocomplete_fields = ["team"]
    readonly_fields = ["version", "events", "data_from", "data_through", "created_at"]
    inlines = [SegmentInline]


@admin.register(Import)
class ImportAdmin(JobAdmin):
    list_display = [
        "number",
        "dataset",
        "filename",
        "shown_status",
        "rows",
        "accepted",
        "rejected",
        "duplicates",
        "created_at",
    ]
    list_select_related = ["dataset"]
    search_fields = ["filename", "dataset__name"]
    date_hierarchy = "created_at"


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    list_display = [
        "file",
        "dataset",
        "import_number",
        "rows",
        "bytes",
        "time_from",
        "time_through",
        "born",
        "gone",
    ]
    list_filter = ["team"]
    list_select_related = ["dataset"]
    search_fields = ["file", "dataset__name"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(EventName)
class EventNameAdmin(ExportActionModelAdmin, ReadOnlyAdmin):
    resource_classes = [EventNameResource]
    export_form_class = ExportForm
    list_display = ["name", "dataset", "events", "first_at", "last_at"]
    list_filter = ["team", "dataset"]
    list_select_related = ["dataset"]
    search_fields = ["name"]


@admin.register(FlowChart)
class FlowChartAdmin(ModelAdmin):
    list_display = ["name", "team", "dataset", "owner", "updated_at"]
    list_filter = ["team"]
    list_select_related = ["team", "dataset", "owner"]
    search_fields = ["name", "description"]
    autocomplete_fields = ["team", "dataset", "owner"]


@admin.register(Cohort)
class CohortAdmin(ReadOnlyAdmin):
    """Cohorts go one by one through the service, which looks after their files and the charts that ask about them."""

    actions = ["refresh_cohorts", "delete_cohorts"]
    list_display = ["name", "dataset", "people", "count", "dataset_version", "owner", "refreshed_at"]
    list_filter = ["team"]
    list_select_related = ["dataset", "owner"]
    search_fields = ["name", "slug", "dataset__name"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @action(description="Choose the people anew")
    def refresh_cohorts(self, request: HttpRequest, queryset: QuerySet[Cohort]) -> None:
        self._each(request, queryset, lambda cohort: cohorts.refresh_cohort(cohort=cohort), "Refreshed")

    @action(description="Delete")
    def delete_cohorts(self, request: HttpRequest, queryset: QuerySet[Cohort]) -> None:
        self._each(request, queryset, lambda cohort: cohorts.delete_cohort(cohort=cohort), "Deleted")

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Cohort], change: Callable[[Cohort], object], word: str
    ) -> None:
        done = 0
        for cohort in queryset:
            try:
                change(cohort)
                done += 1
            except ValidationError as error:
                self.message_user(request, error.messages[0], messages.ERROR)
            except (QueryError, DamagedSegment, Busy) as error:
                self.message_user(request, f"{cohort.name}: {error}", messages.ERROR)
        self.message_user(request, f"{word} {done}.")


@admin.register(FlowRun)
class FlowRunAdmin(JobAdmin):
    list_display = [
        "id",
        "dataset",
        "dataset_version",
        "shown_status",
        "created_at",
        "started_at",
        "finished_at",
    ]
    list_select_related = ["dataset"]
    search_fields = ["digest", "dataset__name"]
    exclude = ["result"]


@admin.register(ChartVersion)
class ChartVersionAdmin(ReadOnlyAdmin):
    list_display = ["chart", "number", "name", "dataset", "by", "created_at"]
    list_filter = ["team"]
    list_select_related = ["chart", "dataset", "by"]
    search_fields = ["name", "chart__name"]


@admin.register(Annotation)
class AnnotationAdmin(ModelAdmin):
    list_display = ["day", "text", "chart", "team", "by"]
    list_filter = ["team"]
    list_select_related = ["chart", "team", "by"]
    search_fields = ["text", "chart__name", "team__name"]
    autocomplete_fields = ["team", "chart", "by"]
    date_hierarchy = "day"


class TileInline(TabularInline):
    model = Tile
    extra = 0
    fields = ["chart", "content_type", "object_id", "position", "width", "height"]
    readonly_fields = ["chart", "content_type", "object_id", "position"]

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Dashboard)
class DashboardAdmin(ModelAdmin):
    list_display = ["name", "team", "owner", "updated_at"]
    list_filter = ["team"]
    list_select_related = ["team", "owner"]
    search_fields = ["name", "team__name"]
    autocomplete_fields = ["team", "owner"]
    inlines = [TileInline]


@admin.register(Tile)
class TileAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "dashboard", "position", "width", "height"]
    list_filter = ["team"]
    list_select_related = ["chart", "dashboard"]
    search_fields = ["chart__name", "dashboard__name"]


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts are made on the pages of their charts; here they can be looked through and removed."""

    list_display = ["label", "chart", "measure", "rule", "bound", "is_beyond", "seen_at"]
    list_filter = ["team", "measure", "rule"]
    list_select_related = ["chart"]
    search_fields = ["label", "chart__name"]
    exclude = ["secret"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "target", "status", "attempts", "last"]
    list_filter = ["team", "kind", "status"]
    search_fields = ["target", "alert__label"]
