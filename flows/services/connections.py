"""Connections to the database come out of a pool that everybody who is served at the moment shares."""

from django.db import connection


def let_go() -> None:
    """Give the connection back before a wait; the next query takes one again. Does nothing inside a transaction."""
    if not connection.in_atomic_block:
        connection.close()
