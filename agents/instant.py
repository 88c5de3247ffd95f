"""A time on the command line: ISO 8601, or how long ago."""

import re
import time
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from agents.settings import load_settings

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Instant(click.ParamType):
    """A time: ISO 8601, or how long ago. Converts to Unix seconds; a time without offset is in the configured
    zone.
    """

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if ago := _AGO.fullmatch(value):
            return time.time() - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]]).total_seconds()
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f"{value!r} is no time; write 2026-01-31T08:00, 2026-01-31 or 2h (s, m, h, d ago)", param, ctx
            )
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=ZoneInfo(load_settings().zone))
        return instant.timestamp()
