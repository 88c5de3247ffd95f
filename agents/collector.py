"""The collector of cycles, kept away from work that makes millions of plain values: it goes through them again and again and finds nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep it away for a while; where somebody else does already, it stays away afterwards."""
    had_collector = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if had_collector:
            gc.enable()
