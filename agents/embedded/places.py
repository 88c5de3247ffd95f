"""Where embedded parts keep what outlives them: the cache folder. And which loopback ports they may take."""

import os
import random
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
"""The folder above the four rooms: the checkout, or site-packages of an installation."""

_EPHEMERAL_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_PORTS_FROM: Final = 20_000
_EPHEMERAL_FROM: Final = 32_768
"""Linux' default; other systems start higher (49,152)."""


def is_checkout() -> bool:
    """Return whether the rooms lie in a checkout of the project (and not in an installation)."""
    return (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / "jgo.toml").is_file()


def cache_dir() -> Path:
    """Return the folder for downloads, not created yet: `.cache/` of a checkout, else the user's cache folder."""
    if is_checkout():
        return CHECKOUT / ".cache"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "barometer-cx"


def free_ports(count: int) -> list[int]:
    """Return `count` distinct loopback ports that nobody listens on, and that nobody else who asks here is given meanwhile.

    They lie below the range from which the system takes ports of outgoing connections. A port of that range can be
    taken between this call and the part's own bind, or, after a `kill -9`, by a client that connects to itself.

    A part binds its port seconds later, and not at all while it is down. Till they are given back, then, each is held by a
    UDP socket of the same number: TCP takes no notice of it, and the system lets go of it however this process ends.

    Raises:
        OSError: no free port was found.
    """
    try:
        below = int(_EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        below = _EPHEMERAL_FROM
    candidates = (
        list(range(_PORTS_FROM, below)) if below > _PORTS_FROM + count else list(range(10_000, _PORTS_FROM))
    )
    # Not the generator that tests seed: processes with one seed would all ask for the same ports.
    random.SystemRandom().shuffle(candidates)
    found: list[int] = []
    for port in candidates:
        if len(found) == count:
            return found
        if _take(port):
            found.append(port)
    raise OSError(f"no {count} free ports between {min(candidates)} and {max(candidates)} on 127.0.0.1")


def give_back(ports: Iterable[int]) -> None:
    """Let others have `ports`, of which some may have been given back before."""
    for port in ports:
        if (token := _held.pop(port, None)) is not None:
            os.close(token)


_held: Final[dict[int, int]] = {}
"""Port -> the descriptor of the socket that holds it, which nobody has to close: it may be held as long as the process lives."""


def _take(port: int) -> bool:
    """Return whether nobody listens on the port or holds it; from then on this process holds it."""
    token = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            token.bind(("127.0.0.1", port))
            probe.bind(("127.0.0.1", port))
        except OSError:
            token.close()
            return False
    _held[port] = token.detach()
    return True
