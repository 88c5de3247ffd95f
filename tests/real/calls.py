"""Calls as a client sends them, told apart by their number."""

from typing import Any

import msgspec


def call(number: int) -> bytes:
    """Return a call that nobody answered; its number is in its id, its time and its customer."""
    body: dict[str, Any] = {
        "id": f"call-{number}",
        "time": 1_741_572_000_000 + number,
        "customerId": f"c-{number}",
        "answered": False,
        "waitSeconds": 3,
    }
    return msgspec.json.encode(body)
