"""What all events on the wire have in common: JSON in camelCase, and the kinds of text that occur again and again."""

from typing import Annotated

from msgspec import Meta, Struct

IsoTime = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""ISO 8601, UTC."""
Severity = Annotated[
    str, Meta(extra_json_schema={"enum": ["critical", "major", "minor", "warning", "cleared"]})
]
"""X.733: red, orange, yellow, blue, over (红、橙、黄、蓝、解除)."""
Priority = Annotated[str, Meta(extra_json_schema={"enum": ["P1", "P2", "P3", "P4"]})]
"""P1 urgent, P2 important, P3 normal, P4 low (紧急、重要、一般、低)."""


class Wire(Struct, frozen=True, rename="camel", kw_only=True, gc=False, omit_defaults=True):
    """Base of everything that Barometer sends."""
