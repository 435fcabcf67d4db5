#!/usr/bin/env python3
"""Django's command line."""

import os
import sys

from django.core.management import execute_from_command_line

from etd.installation import metrics_files

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["work"]:
        metrics_files.join()
    else:
        # Any other command counts for itself: its files would stay among the server's.
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    execute_from_command_line(sys.argv)
