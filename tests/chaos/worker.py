"""`barometer worker` as campaigns start it: armed, it dies at a named place, as `kill -9` would have it; its clock may be false.

python -m tests.chaos.worker [PLACE PASSES DELAY_MS HITS_FILE]
"""

import os
import signal
import sys
import time
from threading import Event
from typing import SupportsIndex

from agents.cli import main
from agents.crashpoints import arm
from tests.chaos.clock import is_false


def arm_with(place: str, passes: int, delay_ms: int, hits: str) -> None:
    """Let this process die at `place`."""

    def die(reached: str) -> None:
        with open(hits, "a", encoding="utf-8") as file:  # noqa: PTH123 - nothing may buffer it
            file.write(f"{reached}\n")
            file.flush()
            os.fsync(file.fileno())
        # What is queued may go out meanwhile, or a part of it: librdkafka's threads go on.
        time.sleep(delay_ms / 1000)
        os.kill(os.getpid(), signal.SIGKILL)

    arm(place, passes, die)


def rest(seconds: float | SupportsIndex) -> None:
    """Sleep, by another call of the system."""
    Event().wait(float(seconds))


def run(arguments: list[str]) -> None:
    """Run a worker with the settings of the environment."""
    if is_false():
        # libfaketime 0.9.10 computes the end of a sleep on the monotonic clock, which it is told to leave alone, wrongly (EINVAL).
        time.sleep = rest
    if arguments:
        place, passes, delay_ms, hits = arguments
        arm_with(place, int(passes), int(delay_ms), hits)
    sys.argv = ["barometer", "worker"]
    main()


if __name__ == "__main__":
    run(sys.argv[1:])
