"""Addresses of the pages of flows."""

from urllib.parse import urlencode

from django.urls import reverse


def url(team, name: str, pk: int | None = None, **params) -> str:
    path = reverse(f"flows:{name}", args=[team.slug] if pk is None else [team.slug, pk])
    return f"{path}?{urlencode(params, doseq=True)}"
