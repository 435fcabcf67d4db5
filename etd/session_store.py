"""Sessions in the database, as Django's, but for what happens when the database cannot take them."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError

from etd.installation.database_away import is_away


class SessionStore(db.SessionStore):
    """Django's own. Its name is part of what signs a session: another one would end them all."""

    def save(self, must_create: bool = False) -> None:
        """Raises what the database raised where it is busy, full or gone; UpdateError where the session was ended.

        Django tells the two as one, and would answer both as a bad request.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if error.__context__ and is_away(error.__context__):
                raise error.__context__ from None
            raise
