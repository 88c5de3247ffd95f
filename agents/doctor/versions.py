"""Python and the packages, beside those with which this release was tested: the lock says which."""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from agents.cli import release
from agents.doctor.finding import Finding, ok, warning, wrong
from agents.embedded.places import CHECKOUT, is_checkout

AREA: Final = "versions"
DISTRIBUTION: Final = "barometer-cx"
LOCK: Final = "requirements.lock"
PYTHON_LEAST: Final = (3, 11)
PYTHON_TESTED: Final = ((3, 11), (3, 12))
_PINNED: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def lock_path() -> Path:
    """Return where the lock lies: in the checkout's root, or inside the installed package."""
    return (CHECKOUT if is_checkout() else Path(__file__).parent) / LOCK


def tested() -> dict[str, str]:
    """Return package -> version of the lock; empty where it was not installed with the package."""
    try:
        text = lock_path().read_text(encoding="utf-8")
    except OSError:
        return {}
    return {plain(name): pinned for name, pinned in _PINNED.findall(text)}


def needed() -> list[str]:
    """Return the packages that this one needs by itself."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    return sorted(
        plain(found[0]) for line in lines if "extra ==" not in line and (found := _NAME.match(line))
    )


def installed(names: list[str]) -> dict[str, str | None]:
    """Return package -> installed version, None where there is none."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def plain(name: str) -> str:
    """Return the name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def examine() -> Iterator[Finding]:
    """Yield what runs here."""
    wanted = tested()
    yield from judge(sys.version_info[:3], release(), installed(needed()), wanted)


def judge(
    python: tuple[int, ...], own: str, found: Mapping[str, str | None], wanted: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield what these versions mean."""
    said = ".".join(map(str, python))
    if python[:2] < PYTHON_LEAST:
        yield wrong(AREA, f"Python {said}", "it is too old", "use 3.11 or 3.12")
    elif python[:2] not in PYTHON_TESTED:
        yield warning(
            AREA,
            f"Python {said}",
            "this release was tested with 3.11 and 3.12",
            "use one of these, or run the tests with yours",
        )
    else:
        yield ok(AREA, f"Barometer {own} on Python {said}")
    missing = sorted(name for name, one in found.items() if one is None)
    if missing:
        yield wrong(
            AREA, f"not installed: {', '.join(missing)}", "what needs them fails", f"pip install -r {LOCK}"
        )
    if not wanted:
        yield warning(
            AREA,
            "the list of tested versions was not installed",
            "packages cannot be compared",
            "install the wheel, or a checkout",
        )
        return
    other = {
        name: one for name, one in sorted(found.items()) if one is not None and one != wanted.get(name, one)
    }
    for name, one in other.items():
        yield warning(
            AREA,
            f"{name} is {one}",
            f"this release was tested with {wanted[name]}",
            f"pip install {name}=={wanted[name]}",
        )
    if not missing and not other:
        yield ok(AREA, f"{len(found)} packages are those that were tested")
