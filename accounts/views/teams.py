from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts import access, queries, services
from accounts.access import TeamRequest, team_view
from accounts.forms import InvitationForm, ProfileForm, RoleForm, TeamForm
from accounts.models import Invitation, Membership, Role

ZONES = sorted(services.TIME_ZONES)


@login_required
def home(request: TeamRequest) -> HttpResponse:
    """Where a person lands: in the team used last, or on the page that makes or joins the first one."""
    memberships = list(queries.memberships_of(request.user))
    if not memberships:
        return redirect("welcome")
    last = request.session.get("team")
    slug = next((m.team.slug for m in memberships if m.team.slug == last), memberships[0].team.slug)
    return redirect("maps:list", team_slug=slug)


@login_required
def welcome(request: TeamRequest) -> HttpResponse:
    """Make a team, or accept an invitation to one."""
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        team = services.create_team(owner=request.user, **form.cleaned_data)
        return redirect("maps:list", team_slug=team.slug)
    invitations = queries.invitations_for(request.user)
    return render(request, "accounts/welcome.html", {"form": form, "invitations": invitations, "zones": ZONES})


@login_required
def accept(request: TeamRequest, token: str) -> HttpResponse:
    """The link of an invitation: whoever holds it may join once."""
    invitation = get_object_or_404(Invitation.objects.select_related("team"), token=token, accepted_at=None)
    if request.method == "POST":
        try:
            services.accept_invitation(invitation=invitation, user=request.user)
        except ValidationError as error:
            raise Http404(error.messages[0]) from None
        return redirect("maps:list", team_slug=invitation.team.slug)
    return render(request, "accounts/invitation.html", {"invitation": invitation})


@team_view(Role.VIEWER, write=Role.ADMIN)
def team(request: TeamRequest) -> HttpResponse:
    form = TeamForm(request.POST or None, instance=request.team)
    if request.method == "POST" and form.is_valid():
        services.update_team(team=request.team, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("accounts:team", team_slug=request.team.slug)
    context = {
        "form": form,
        "zones": ZONES,
        "members": queries.members(request.team),
        "invitations": queries.open_invitations(request.team),
        "invitation_form": InvitationForm(),
        "roles": Role.choices,
        "may_manage": request.membership.may(Role.ADMIN),
        "may_remove": request.membership.may(Role.OWNER),
    }
    return render(request, "accounts/team.html", context)


@require_POST
@team_view(Role.ADMIN)
def invite(request: TeamRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        _only_owners_give_ownership(request, role)
        if open_one := queries.open_invitations(request.team).filter(email__iexact=form.cleaned_data["email"]).first():
            _only_owners_give_ownership(request, Role(open_one.role))
        try:
            services.invite(team=request.team, email=form.cleaned_data["email"], role=role, by=request.user)
        except ValidationError as error:
            messages.error(request, error.messages[0])
    else:
        messages.error(request, "That is not an e-mail address.")
    return redirect("accounts:team", team_slug=request.team.slug)


@require_POST
@team_view(Role.ADMIN)
def withdraw(request: TeamRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(queries.open_invitations(request.team), pk=pk)
    _only_owners_give_ownership(request, Role(invitation.role))
    services.withdraw_invitation(invitation=invitation)
    return redirect("accounts:team", team_slug=request.team.slug)


@require_POST
@team_view(Role.ADMIN)
def change_member(request: TeamRequest, pk: int) -> HttpResponse:
    """Change a member's role, or remove them (`action=remove`)."""
    membership = get_object_or_404(Membership, team=request.team, pk=pk)
    _only_owners_give_ownership(request, Role(membership.role))
    try:
        if request.POST.get("action") == "remove":
            services.remove_member(membership=membership)
        else:
            form = RoleForm(request.POST, instance=membership)
            if form.is_valid():
                role = Role(form.cleaned_data["role"])
                _only_owners_give_ownership(request, role)
                services.change_role(membership=membership, role=role)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("accounts:team", team_slug=request.team.slug)


def _only_owners_give_ownership(request: TeamRequest, role: Role) -> None:
    if role == Role.OWNER:
        access.require(request.membership, Role.OWNER)


@login_required
def profile(request: TeamRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form})
