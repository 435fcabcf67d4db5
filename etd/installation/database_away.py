"""Whether a fault says that the database is busy, full or gone, which is no fault of the site."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError, OperationalError, connection


def is_away(exception: BaseException) -> bool:
    """psycopg2 raises a bare DatabaseError where a connection ends amid an answer, Django where no row was changed."""
    if isinstance(exception, OperationalError | InterfaceError):
        return True
    return type(exception) is DatabaseError and not connection.is_usable()
