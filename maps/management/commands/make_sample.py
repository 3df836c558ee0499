from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from maps.sample.services import make_sample_account


class Command(BaseCommand):
    help = (
        "Make the sample sign-in and its team, once. The password comes from SAMPLE_PASSWORD. Where others can reach "
        "the server, it may not manage data."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SAMPLE_PASSWORD:
            raise CommandError("Set SAMPLE_PASSWORD to the password of the sample sign-in.")
        if make_sample_account(password=settings.SAMPLE_PASSWORD, manages=settings.IS_LOCAL):
            self.stdout.write("Made the sample team.")
