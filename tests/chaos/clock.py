"""A clock that can be stepped under a running worker: libfaketime, read anew from a file."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

PLACES: Final = (
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1",
)
"""Where distributions put it; the one for programs with threads."""
REMEDY: Final = "install libfaketime (Debian: apt-get install libfaketime)"
STEPS: Final = (-86_400, -3_600, -90, 40, 900, 7_200, 172_800)
"""Seconds by which clocks are stepped: less and more than sessions, lateness and retention."""
_TRIED: Final = 5_000


class Clock:
    """What the workers that are started with `environment` take for the time of day; `monotonic` goes on as it is."""

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.environment: Final = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        self.step(0)

    def step(self, seconds: int) -> None:
        """Let the clock be so many seconds ahead of the machine's, or behind it; it is heard within a second."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{seconds:+d}\n", encoding="ascii")
        written.replace(self._file)

    def works(self) -> bool:
        """Try it on a program."""
        self.step(_TRIED)
        try:
            told = subprocess.run(
                [sys.executable, "-S", "-c", "import time; print(time.time())"],
                env=os.environ | self.environment, capture_output=True, text=True, timeout=30, check=False,
            )  # fmt: skip
            return abs(float(told.stdout) - time.time() - _TRIED) < _TRIED / 2
        except (subprocess.TimeoutExpired, ValueError):
            return False
        finally:
            self.step(0)


def is_false() -> bool:
    """Return whether this process runs by such a clock."""
    return "FAKETIME_TIMESTAMP_FILE" in os.environ


def find_clock(scratch: Path) -> Clock | None:
    """Return a clock that works, None where the library is missing or does nothing."""
    root = Path("/")
    for place in PLACES:
        for library in root.glob(place.removeprefix("/")):
            clock = Clock(library, scratch / "clock")
            if clock.works():
                return clock
    return None
