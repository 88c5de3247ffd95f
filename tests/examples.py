"""How many examples of a property are tried: all of them in `make test`, a fifth in `make check`, which people wait for."""

import os

QUICK = os.environ.get("BAROMETER_TEST_SCALE") == "quick"


def examples(full: int) -> int:
    """Return `full`, or a fifth of it where a quick answer is wanted; 5 at least."""
    return max(5, full // 5) if QUICK else full
