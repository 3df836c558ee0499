"""Data management of maps. Cards, cells and places are changed in the editor, which keeps a map whole."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, QuerySet, URLField
from django.forms import ModelForm
from django.http import HttpRequest
from import_export.admin import ExportActionModelAdmin
from import_export.resources import ModelResource
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import display

from maps import services
from maps.models import (
    Card,
    Cell,
    Channel,
    Comment,
    EmotionPoint,
    Image,
    JourneyMap,
    Lane,
    Operation,
    Opportunity,
    Persona,
    Picture,
    Snapshot,
    Stage,
    Step,
    Touchpoint,
)


class PartInline(TabularInline):
    """Parts to look at; each has a page on which its words are mended."""

    extra = 0
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class LoggedAdmin(ModelAdmin):
    """Whatever is changed here goes the way of every change of a map, so that its log stays complete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        if values:
            services.correct(row=obj, by=request.user, values=values)  # type: ignore[arg-type]

    def save_related(self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool) -> None:
        """What the row refers to has been saved with it, and inlines are there to look at."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)


class StageInline(PartInline):
    model = Stage
    fields = ["position", "name", "goal"]


class LaneInline(PartInline):
    model = Lane
    fields = ["position", "title", "kind", "role"]


@admin.register(JourneyMap)
class JourneyMapAdmin(LoggedAdmin):
    """Maps are drawn in the editor. Here they can be found, described anew."""

    list_display = ["title", "team", "kind", "shown_status", "shown_stages", "owner", "updated_at"]
    list_filter = ["team", "status", "kind", "state"]
    list_select_related = ["team", "owner"]
    search_fields = ["title", "scenario", "folder"]
    autocomplete_fields = ["owner", "personas"]
    readonly_fields = ["team", "revision", "created_at", "updated_at"]
    date_hierarchy = "updated_at"
    inlines = [StageInline, LaneInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[JourneyMap]:
        return super().get_queryset(request).annotate(stage_count=Count("stages"))

    @display(description="Stages", ordering="stage_count")
    def shown_stages(self, journey: JourneyMap) -> int:
        return journey.stage_count  # type: ignore[attr-defined]

    @display(description="Status", ordering="status", label={"live": "success", "review": "info", "draft": "warning"})
    def shown_status(self, journey: JourneyMap) -> tuple[str, str]:
        return journey.status, journey.get_status_display()


@admin.register(Persona)
class PersonaAdmin(ModelAdmin):
    list_display = ["name", "role", "team", "created_at"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["name", "role"]
    autocomplete_fields = ["team"]
    readonly_fields = ["picture"]


@admin.register(Picture)
class PictureAdmin(ModelAdmin):
    """To look at; they come with what shows them, and are swept when nothing does."""

    list_display = ["name", "team", "width", "height", "size", "created_at", "unused_since"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["name"]
    readonly_fields = ["team", "name", "file", "width", "height", "size", "created_at", "unused_since"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Channel)
class ChannelAdmin(ModelAdmin):
    list_display = ["name", "icon", "team"]
    list_filter = ["team", "icon"]
    list_select_related = ["team"]
    search_fields = ["name"]
    autocomplete_fields = ["team"]


class PartAdmin(LoggedAdmin):
    """A part of a map: it can be found and its words mended, but not put anywhere or taken away."""

    list_filter = ["team"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Stage)
class StageAdmin(PartAdmin):
    list_display = ["name", "map", "position"]
    list_select_related = ["map"]
    search_fields = ["name", "map__title"]
    readonly_fields = ["team", "map", "position"]


@admin.register(Step)
class StepAdmin(PartAdmin):
    list_display = ["name", "stage", "position", "moment_of_truth"]
    list_select_related = ["stage"]
    list_filter = ["team", "moment_of_truth"]
    search_fields = ["name", "stage__map__title"]
    readonly_fields = ["team", "stage", "position"]


@admin.register(Lane)
class LaneAdmin(PartAdmin):
    list_display = ["title", "map", "kind", "role", "position"]
    list_select_related = ["map"]
    list_filter = ["team", "kind", "role"]
    search_fields = ["title", "map__title"]
    readonly_fields = ["team", "map", "kind", "position", "persona"]


@admin.register(Cell)
class CellAdmin(PartAdmin):
    list_display = ["lane", "step", "span"]
    list_select_related = ["lane", "step"]
    search_fields = ["lane__title", "step__name"]
    readonly_fields = ["team", "lane", "step", "span"]


class CardResource(ModelResource):
    class Meta:
        model = Card
        fields = ["cell__lane__map__title", "cell__lane__title", "cell__step__name", "kind", "body", "evidence"]
        fields += ["owner__email", "due"]


@admin.register(Card)
class CardAdmin(ExportActionModelAdmin, PartAdmin):
    resource_classes = [CardResource]
    export_form_class = ExportForm
    list_display = ["__str__", "kind", "cell", "evidence", "owner", "due", "updated_by", "updated_at"]
    list_select_related = ["cell__lane", "cell__step", "owner", "updated_by"]
    list_filter = ["team", "kind", "evidence"]
    search_fields = ["body", "cell__lane__map__title"]
    autocomplete_fields = ["owner"]
    readonly_fields = ["team", "cell", "position", "kind", "uid", "version", "updated_by", "updated_at"]


@admin.register(Touchpoint)
class TouchpointAdmin(PartAdmin):
    list_display = ["card", "channel", "importance_to_customer", "importance_to_business"]
    list_select_related = ["card", "channel"]
    list_filter = ["team", "channel"]
    search_fields = ["card__body", "channel__name"]
    readonly_fields = ["team", "card"]
    autocomplete_fields = ["channel"]


@admin.register(Image)
class ImageAdmin(PartAdmin):
    list_display = ["card", "picture", "decorative"]
    list_select_related = ["card", "picture"]
    list_filter = ["team", "decorative"]
    search_fields = ["card__body"]
    readonly_fields = ["team", "card", "picture"]


@admin.register(Opportunity)
class OpportunityAdmin(PartAdmin):
    list_display = ["card", "status", "value", "business_value", "effort"]
    list_select_related = ["card"]
    list_filter = ["team", "status"]
    search_fields = ["card__body"]
    readonly_fields = ["team", "card"]
    formfield_overrides = {URLField: {"assume_scheme": "https"}}


@admin.register(EmotionPoint)
class EmotionPointAdmin(PartAdmin):
    list_display = ["lane", "step", "score", "label", "source", "n"]
    list_select_related = ["lane", "step"]
    list_filter = ["team", "source"]
    search_fields = ["label", "lane__map__title"]
    readonly_fields = ["team", "lane", "step"]


class LogAdmin(ModelAdmin):
    """To look at. What is written in the log or kept in a snapshot is never changed."""

    list_filter = ["team"]
    date_hierarchy = "made_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Operation)
class OperationAdmin(LogAdmin):
    list_display = ["map", "seq", "made_at", "actor", "verb", "sentence"]
    list_select_related = ["map", "actor"]
    list_filter = ["team", "verb"]
    search_fields = ["map__title", "actor__email", "words"]


@admin.register(Snapshot)
class SnapshotAdmin(LogAdmin):
    list_display = ["label", "map", "seq", "made_at", "author", "automatic"]
    list_select_related = ["map", "author"]
    list_filter = ["team", "automatic"]
    search_fields = ["label", "map__title"]


@admin.register(Comment)
class CommentAdmin(LogAdmin):
    """To look at, and to remove what nobody should read."""

    list_display = ["__str__", "map", "author", "made_at", "resolved_at", "removed_at"]
    list_select_related = ["map", "author"]
    list_filter = ["team", "part"]
    search_fields = ["body", "map__title", "author__email"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("maps.delete_comment")
