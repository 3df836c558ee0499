import codecs
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase


def only_utf8(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Turn away forms in another encoding than ours before anything reads them: Django itself fails on some."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not _is_utf8((request.content_params or {}).get("charset", "utf-8")):
            return HttpResponse("Send forms in UTF-8.", status=415, content_type="text/plain")
        return get_response(request)

    return middleware


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False
