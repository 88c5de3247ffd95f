"""`barometer worker` that tells when it passes the places of `agents.crashpoints`: one line each, epoch seconds and place.

python -m benchmarks.traced FILE
"""

import sys
from time import time as wall_clock
from typing import Final, TextIO

import agents.worker  # noqa: F401 - the command imports it when it runs; here it is timed
from agents import crashpoints
from agents.cli import main

TOLD: Final = frozenset({"start", "revoked", "assigned", "fold", "begin", "seek", "take"})


class Trace:
    """Writes places into `file`, the first of equal ones in a row; `folded` is the last `fold` before something else."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._last = ""
        self._folded = 0.0

    def reached(self, place: str) -> None:
        """Take the place of the batch path that is passed now."""
        if place not in TOLD:
            return
        now = wall_clock()
        if place != self._last:
            if self._last == "fold":
                self.tell("folded", self._folded)
            self._last = place
            self.tell(place, now)
        if place == "fold":
            self._folded = now

    def tell(self, place: str, at: float) -> None:
        """Write one line."""
        self._file.write(f"{at:.4f} {place}\n")
        self._file.flush()


def run(path: str) -> None:
    """Run a worker with the settings of the environment."""
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - a path from the command line
        trace = Trace(file)
        trace.tell("imported", wall_clock())
        crashpoints._armed["traced"] = 1  # so that places ask; none has this name
        crashpoints._reached = trace.reached
        sys.argv = ["barometer", "worker"]
        main()


if __name__ == "__main__":
    run(sys.argv[1])
