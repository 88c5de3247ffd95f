"""Brings the jars of the embedded broker, exactly those of `jgo.lock.toml`, each checked against its SHA-256.

jgo downloads (it knows the machine's repository settings); the lock decides. Run as a module it fetches them ahead:
`python -m agents.embedded.jars`. The lock lies beside `pyproject.toml` in a checkout and in this package in a wheel.
"""

import fcntl
import hashlib
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from agents.embedded.errors import INSTALL_HINT, PartUnavailable
from agents.embedded.places import CHECKOUT, cache_dir, is_checkout
from models.errors import ContractError

LOCK_NAME: Final = "jgo.lock.toml"
PARALLEL: Final = 4
"""Downloads at a time; more gained nothing."""
TIMEOUT_SECONDS: Final = 60

Progress = Callable[[int, int], None]
"""Called with (jars done, jars in all)."""


class Jar(NamedTuple):
    """One line of the lock: Maven coordinates and the SHA-256 of the file in hex."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}{'-' if self.classifier else ''}{self.classifier}.jar"


def lock_path() -> Path:
    """Return where the lock lies: in the checkout's root, or inside the installed package."""
    return (CHECKOUT if is_checkout() else Path(__file__).parent) / LOCK_NAME


def read_lock(path: Path) -> list[Jar]:
    """Return the jars of a lock.

    Raises:
        ContractError: the lock names a jar without a checksum.
    """
    jars = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["dependencies"]:
        if not entry.get("sha256"):
            raise ContractError(
                f"{path}: {entry['artifactId']} has no checksum; write the lock anew: make lock"
            )
        jars.append(
            Jar(
                entry["groupId"],
                entry["artifactId"],
                entry["version"],
                entry.get("classifier", ""),
                entry["sha256"],
            )
        )
    return jars


def fetch_jars(progress: Progress | None = None) -> Path:
    """Return the folder that holds the locked jars and nothing else, downloading them if they are not there yet.

    The folder's name is a hash of the lock, and it appears whole or not at all; several processes may call this.

    Raises:
        PartUnavailable: a download failed, or jgo is not installed.
        ContractError: a file is not the one that the lock names; nothing of it is kept.
    """
    lock = lock_path()
    name = hashlib.sha256("\n".join(sorted(jar.sha256 for jar in read_lock(lock))).encode()).hexdigest()[:12]
    parent = cache_dir() / "kafka"
    folder = parent / name
    if folder.is_dir():
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=parent, prefix="fetch-") as scratch:
                _download(read_lock(lock), Path(scratch), progress).rename(folder)
    return folder


def _download(jars: list[Jar], scratch: Path, progress: Progress | None) -> Path:
    """Return the folder `scratch/jars` with every jar in it, checked."""
    try:
        from jgo.config import GlobalSettings
        from jgo.constants import MAVEN_CENTRAL_URL
        from jgo.maven import MavenContext, PythonResolver
    except ImportError:
        raise PartUnavailable(f"The embedded Kafka needs jgo to fetch its jars: {INSTALL_HINT}") from None
    repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    context = MavenContext(
        PythonResolver(),
        repo_cache=scratch / "repository",
        local_repos=[],
        remote_repos=repositories,
        timeout=TIMEOUT_SECONDS,
    )
    target = scratch / "jars"
    target.mkdir()

    def bring(jar: Jar) -> None:
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier)
        try:
            path = artifact.resolve()
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo raises RuntimeError
            raise PartUnavailable(f"Cannot fetch {jar.file_name} for the embedded Kafka: {error}") from error
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != jar.sha256:
            raise ContractError(
                f"{jar.file_name} is not the file that {LOCK_NAME} locks: SHA-256 {found}, locked {jar.sha256}. "
                "Nothing was kept; look at the repository that it came from."
            )
        shutil.move(path, target / jar.file_name)

    with ThreadPoolExecutor(PARALLEL) as pool:
        for done, _ in enumerate(pool.map(bring, jars), start=1):
            if progress is not None:
                progress(done, len(jars))
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{fetch_jars()}\n")
