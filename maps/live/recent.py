"""What was drawn for one browser, kept a while in Redis for all the others that follow the same map."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from maps.live import bus

KEPT_FOR = 60  # seconds; who was away for longer has it drawn anew


def drawn(
    journey: int, elements: Mapping[str, str], draw: Callable[[Collection[str]], Mapping[str, str]]
) -> dict[str, str]:
    """The HTML of each of the `elements`, given with everything on which it depends beside the map.

    `draw` is asked for those that are not known, all at once, and leaves out what is gone.
    """
    keys = {name: f"{bus.prefix()}drawn:{journey}:{name}:{state}" for name, state in elements.items()}
    known = _known(keys)
    if missing := [name for name in elements if name not in known]:
        fresh = draw(missing)
        _keep({keys[name]: html for name, html in fresh.items()})
        known |= fresh
    return {name: known[name] for name in elements if name in known}


def _known(keys: Mapping[str, str]) -> dict[str, str]:
    try:
        found: list[Any] = bus.client().mget(list(keys.values()))
    except bus.FAULTS:
        return {}
    return {name: html.decode() for name, html in zip(keys, found, strict=True) if html is not None}


def _keep(drawings: Mapping[str, str]) -> None:
    try:
        with bus.client().pipeline(transaction=False) as pipeline:
            for key, html in drawings.items():
                pipeline.set(key, html, ex=KEPT_FOR)
            pipeline.execute()
    except bus.FAULTS:
        pass
