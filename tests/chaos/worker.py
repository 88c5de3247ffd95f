"""`barometer worker`, armed: it dies at a named place, as `kill -9` would have it.

python -m tests.chaos.worker PLACE PASSES DELAY_MS HITS_FILE
"""

import os
import signal
import sys
import time

from agents.cli import main
from agents.crashpoints import arm


def run(place: str, passes: int, delay_ms: int, hits: str) -> None:
    """Arm `place` and run a worker with the settings of the environment."""

    def die(reached: str) -> None:
        with open(hits, "a", encoding="utf-8") as file:  # noqa: PTH123 - nothing may buffer it
            file.write(f"{reached}\n")
            file.flush()
            os.fsync(file.fileno())
        # What is queued may go out meanwhile, or a part of it: librdkafka's threads go on.
        time.sleep(delay_ms / 1000)
        os.kill(os.getpid(), signal.SIGKILL)

    arm(place, passes, die)
    sys.argv = ["barometer", "worker"]
    main()


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
