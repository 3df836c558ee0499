#!/usr/bin/env python3
"""Django's command line, with PostgreSQL and a Redis-protocol server at hand for every command."""

import os
import sys

from django.core.management import execute_from_command_line

from journeymap import embedded

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "journeymap.settings")
    embedded.attach()
    execute_from_command_line(sys.argv)
