"""How uploads arrive: on disk as they come, never in memory, and never more than may be imported."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler

TOO_LARGE = "journeymap.upload_too_large"


class DiskUpload(TemporaryFileUploadHandler):
    """A file beyond IMPORT_MAX_BYTES is dropped on the way; `request.META[TOO_LARGE]` then says so."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if settings.FILE_UPLOAD_TEMP_DIR:
            Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)
        self.received = 0
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.IMPORT_MAX_BYTES:
            assert self.request is not None
            self.request.META[TOO_LARGE] = True
            self.file.close()
            raise SkipFile
        super().receive_data_chunk(raw_data, start)
