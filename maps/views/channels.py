from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from maps import access, queries, services
from maps.forms.shared import ChannelForm, MergeForm
from maps.models import Lane

USES_A_PAGE = 50


@team_view(Role.VIEWER)
def listing(request: TeamRequest) -> HttpResponse:
    """The team's channels, and how often each is used."""
    uses = Count("touchpoints", filter=Q(touchpoints__card__kind=Lane.Kind.TOUCHPOINT))
    return render(request, "maps/channels.html", {"channels": queries.list_channels(request.team).annotate(uses=uses)})


@team_view(Role.VIEWER, write=Role.EDITOR)
def channel(request: TeamRequest, pk: int) -> HttpResponse:
    """Where a channel is used; its name and icon can be changed."""
    row = access.channel_of(request.team, pk)
    form = ChannelForm(request.POST or None, instance=access.channel_of(request.team, pk))
    form.is_bound = request.method == "POST"
    if form.is_bound and form.is_valid():
        try:
            services.rename_channel(channel=row, **form.cleaned_data)
            return redirect("maps:channel", request.team.slug, row.pk)
        except ValidationError as error:
            form.add_error("name", error)
    uses = queries.list_touchpoints(request.team, channel=row)
    context = {
        "channel": row,
        "form": form,
        "others": queries.list_channels(request.team).exclude(pk=row.pk),
        "pages": Paginator(uses, USES_A_PAGE).get_page(request.GET.get("page")),
        "may_edit": request.membership.may(Role.EDITOR),
    }
    return render(request, "maps/channel.html", context, status=422 if form.is_bound else 200)


@require_POST
@team_view(Role.EDITOR)
def merge(request: TeamRequest, pk: int) -> HttpResponse:
    row = access.channel_of(request.team, pk)
    form = MergeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the channel that stays.")
        return redirect("maps:channel", request.team.slug, row.pk)
    try:
        other = services.merge_channels(channel=row, into=form.cleaned_data["into"], by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("maps:channel", request.team.slug, row.pk)
    messages.success(request, f"“{row.name}” is now part of “{other.name}”.")
    return redirect("maps:channel", request.team.slug, other.pk)
