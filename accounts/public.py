"""Addresses for whoever is not on a page of the product, such as the reader of a letter."""

from django.conf import settings


def public_address(path: str) -> str:
    """Where the page at `path` is found from outside; empty where nobody said where the product stands."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""
