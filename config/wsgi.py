"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application
from django.db import connection

from etd.installation import presence

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
presence.serve(connection)
