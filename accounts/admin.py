from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import Invitation, Membership, Notification, ShareLink, Team, User


class MembershipInline(TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user", "team"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User], ModelAdmin):
    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    ordering = ["email"]
    list_display = ["email", "name", "is_active", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_fields = ["email", "name"]
    fieldsets = [
        (None, {"fields": ["email", "password", "name", "mails"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "name", "password1", "password2"]})]
    inlines = [MembershipInline]


@admin.register(Team)
class TeamAdmin(ModelAdmin):
    list_display = ["name", "slug", "time_zone", "is_sample", "created_at"]
    list_filter = ["is_sample"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [MembershipInline]


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    list_display = ["user", "team", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "team"]
    search_fields = ["user__email", "user__name", "team__name"]
    autocomplete_fields = ["user", "team"]


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):
    list_display = ["email", "team", "role", "created_at", "accepted_at"]
    list_filter = ["role", "accepted_at"]
    list_select_related = ["team"]
    search_fields = ["email", "team__name"]
    autocomplete_fields = ["team", "invited_by"]
    readonly_fields = ["token"]


@admin.register(Notification)
class NotificationAdmin(ModelAdmin):
    list_display = ["text", "user", "kind", "team", "mail", "created_at", "read_at"]
    list_filter = ["kind", "mail", "team"]
    list_select_related = ["user", "team"]
    search_fields = ["user__email", "text", "excerpt"]
    autocomplete_fields = ["user", "team", "by"]
    date_hierarchy = "created_at"


@admin.register(ShareLink)
class ShareLinkAdmin(ModelAdmin):
    """Links are made on the pages of what they show; here they can be looked through and taken back."""

    list_display = ["__str__", "team", "note", "created_by", "created_at", "expires_at", "revoked_at"]
    list_filter = ["team", "embeddable"]
    list_select_related = ["team", "content_type", "created_by"]
    search_fields = ["note", "team__name"]
    fields = ["team", "content_type", "object_id", "note", "created_by", "created_at", "expires_at", "revoked_at"]
    readonly_fields = ["team", "content_type", "object_id", "note", "created_by", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
