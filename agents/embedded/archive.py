"""The classes of the embedded broker, laid out once and mapped afterwards (AppCDS): half of what its start costs.

Run as a module it makes the archive ahead: `python -m agents.embedded.archive`. It lies beside the jars, one for each Java and
each set of jars; a JVM that does not fit it starts without. Nothing depends on it but time.
"""

import fcntl
import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Final

from agents.embedded.java import Java

_BYTES_LEAST: Final = 1_000_000
"""A Java without archive of its own classes (some slim ones) writes none, or an empty one."""


def archive_of(java: Java, jars: Path) -> Path:
    """Return where the archive of these jars under this Java lies, there or not."""
    program = java.program.resolve()
    # A Java that was replaced in its place is another one; its own check of the archive would only say so in every log.
    name = hashlib.sha256(f"{program}\n{program.stat().st_mtime_ns}\n{jars}".encode()).hexdigest()[:12]
    return jars.with_name(f"{jars.name}-{name}.jsa")


def flags_of(java: Java, jars: Path) -> tuple[str, ...]:
    """Return what the JVM needs to use the archive; nothing where there is none."""
    archive = archive_of(java, jars)
    return (f"-XX:SharedArchiveFile={archive}",) if archive.is_file() else ()


def make_archive() -> Path | None:
    """Start a broker, let it write down its classes at its end, and return the archive; None where this Java cannot.

    Raises:
        PartUnavailable: no Java, no jars, or no broker.
    """
    from agents.embedded.jars import fetch_jars
    from agents.embedded.java import find_java
    from agents.embedded.kafka import KafkaCluster

    java, jars = find_java(), fetch_jars()
    archive = archive_of(java, jars)
    with jars.with_name(".archive.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if archive.is_file():
            return archive
        with tempfile.TemporaryDirectory(dir=jars.parent, prefix="archive-") as scratch:
            written = Path(scratch) / "classes.jsa"
            with KafkaCluster(
                data_dir=Path(scratch) / "broker", more_flags=(f"-XX:ArchiveClassesAtExit={written}",)
            ):
                pass
            if not written.is_file() or written.stat().st_size < _BYTES_LEAST:
                return None
            written.rename(archive)
    return archive


if __name__ == "__main__":
    sys.stdout.write(f"{make_archive() or 'this Java writes no archives'}\n")
