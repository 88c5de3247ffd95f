"""The session timeout where nobody has chosen one: what it must fit into."""

from collections.abc import Mapping
from typing import Any

import pytest

from agents.clusterfacts import ClusterFacts
from agents.session import LEAST_ALLOWED, session_seconds
from agents.settings import load_settings


def seconds(*allowed: str | None, **given: Any) -> float:
    """Return what a worker takes on brokers that allow `allowed` milliseconds; None does not tell."""
    brokers: dict[int, Mapping[str, str]] = {
        number: {} if least is None else {LEAST_ALLOWED: least} for number, least in enumerate(allowed)
    }
    return session_seconds(load_settings(**given), ClusterFacts(tuple(brokers), brokers))


@pytest.mark.parametrize(
    ("allowed", "given", "taken"),
    [
        (("1000",), {}, 3.0),
        (("1000", "4000"), {}, 4.0),
        (("6000",), {}, 6.0),
        (("10000",), {}, 10.0),
        (("1000",), {"heartbeat_interval_seconds": 1.5}, 4.5),
        (("1000", None), {}, 6.0),
        ((), {}, 6.0),
        (("1000",), {"session_timeout_seconds": 6.0}, 6.0),
        (("1000",), {"session_timeout_seconds": 2.0}, 2.0),
        (("1000",), {"instance_id": "worker-1"}, 6.0),
    ],
    ids=[
        *("3 s where they allow less", "the strictest broker counts", "Kafka's own least", "more where they want more"),
        *("three heartbeats", "one that does not tell", "none that tells", "what was chosen", "even less than is safe"),
        "a member that keeps its place over a restart",
    ],
)  # fmt: skip
def test_a_session_is_as_short_as_is_safe_and_allowed(
    allowed: tuple[str | None, ...], given: dict[str, Any], taken: float
) -> None:
    """A takeover waits for it, so nobody has to know the setting in order to have it short."""
    assert seconds(*allowed, **given) == taken
