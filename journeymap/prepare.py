"""Brings the database up to date and makes the sample team: `python -m journeymap.prepare`.

Both in one process, because every process spends most of such a short life on importing.
"""

import os
import sys
import traceback

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "journeymap.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    try:
        call_command("make_sample")
    except Exception:
        # The product works without it; say what went wrong and go on.
        traceback.print_exc()
        print("The sample team could not be made; see above.", file=sys.stderr)


if __name__ == "__main__":
    main()
