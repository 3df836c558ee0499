from typing import Any

from django.core.management.base import BaseCommand

from flows.engine.warmup import compile_kernels
from flows.importers.warmup import compile_importers


class Command(BaseCommand):
    help = "Compile all kernels into the cache beside the code, for example while an image is built."

    def handle(self, *args: Any, **options: Any) -> None:
        compile_kernels()
        compile_importers()
