"""Which judge this is: one hash over every file of this package, code and data.

Two workers with the same version classify, tier, route and warn alike. Owns the hash and nothing else; the rule set,
which may be configured, has a version of its own.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

LENGTH: Final = 16
"""Hexadecimal digits of a version: 64 bits, never to be confused by chance."""


@cache
def judge_version() -> str:
    """Return the version of the installed `models`: 16 hexadecimal digits. Read once for each process."""
    return version_of(files("models"))


def version_of(folder: Traversable) -> str:
    """Return the hash over names and bytes of every file under `folder`, in the order of their names.

    What Python and editors leave behind (byte code, names with a leading dot) is no part of it, so that a checkout and
    an installation of the same release agree.
    """
    digest = hashlib.sha256()
    for name, file in sorted(_files(folder, ""), key=lambda found: found[0]):
        content = file.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:LENGTH]


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.name == "__pycache__" or entry.name.endswith(".pyc"):
            continue
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry
