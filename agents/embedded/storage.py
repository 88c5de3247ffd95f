"""Formatted storage for a node of the embedded Kafka.

Kafka's own `StorageTool` formats, once for each set of jars (a JVM start, 1 s); every node then gets a copy of what it
wrote, in which only the three ids of `meta.properties` are its own.
"""

import fcntl
import re
import shutil
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agents.embedded.errors import PartUnavailable
from agents.embedded.java import Java

FORMAT_SECONDS: Final = 60
META: Final = "meta.properties"


def kafka_id(*names: str) -> str:
    """Return a Kafka id (16 bytes in base64, 22 characters) that follows from the names."""
    return (
        urlsafe_b64encode(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(names)).bytes).decode("ascii").rstrip("=")
    )


def format_storage(
    folder: Path, node: int, cluster_id: str, java: Java, jars: Path, users: Sequence[str] = ()
) -> None:
    """Make `folder` the formatted, empty storage of a node; leave it alone if it is one already.

    Users (`SCRAM-SHA-512=[name=...,password=...]`) exist from the first start; with any, the tool runs for this node.

    Raises:
        PartUnavailable: Kafka's tool failed; with what it said.
    """
    if (folder / META).is_file():
        return
    if users:
        with tempfile.TemporaryDirectory(prefix="barometer-format-") as scratch:
            _run_tool(Path(scratch), java, jars, users)
            shutil.copytree(Path(scratch) / "data", folder, dirs_exist_ok=True)
    else:
        shutil.copytree(_template(java, jars), folder, dirs_exist_ok=True)
    meta = folder / META
    text = meta.read_text(encoding="utf-8")
    for name, value in (
        ("node.id", str(node)),
        ("cluster.id", cluster_id),
        ("directory.id", kafka_id(cluster_id, str(node))),
    ):
        text, found = re.subn(rf"^{re.escape(name)}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        if found != 1:
            meta.unlink()
            raise PartUnavailable(f"this Kafka's {META} has no {name}; it must be formatted otherwise")
    meta.write_text(text, encoding="utf-8")


def _template(java: Java, jars: Path) -> Path:
    """Return the folder with formatted storage for these jars, making it if it is not there."""
    template = jars.with_name(f"{jars.name}-formatted")
    with (jars.parent / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not template.is_dir():
            with tempfile.TemporaryDirectory(dir=jars.parent, prefix="format-") as scratch:
                _run_tool(Path(scratch), java, jars)
                (Path(scratch) / "data").rename(template)
    return template


def _run_tool(scratch: Path, java: Java, jars: Path, users: Sequence[str] = ()) -> None:
    properties = scratch / "server.properties"
    properties.write_text(
        "process.roles=broker,controller\n"
        "node.id=1\n"
        "controller.quorum.voters=1@127.0.0.1:1\n"
        "controller.listener.names=CONTROLLER\n"
        "listeners=PLAINTEXT://127.0.0.1:2,CONTROLLER://127.0.0.1:1\n"
        f"log.dirs={scratch / 'data'}\n",
        encoding="utf-8",
    )
    told = subprocess.run(
        [
            str(java.program), "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=error", "-cp", f"{jars}/*",
            "kafka.tools.StorageTool", "format", "-t", kafka_id("template"), "-c", str(properties),
            *(argument for user in users for argument in ("--add-scram", user)),
        ],
        capture_output=True, text=True, timeout=FORMAT_SECONDS, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if told.returncode:
        raise PartUnavailable(f"Kafka could not format its storage:\n{told.stdout}{told.stderr}")
