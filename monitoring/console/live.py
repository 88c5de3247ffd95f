"""Components of a page that are fed while people look: one message under way for each, and never a wait for a slow browser.

A component says `ready` when it has appeared (anew), and `taken` after each message. Between the two nothing else is sent to it;
what happens meanwhile is in the next message, which says what is different then. So a browser that is slow, asleep or gone
costs a picture's worth of memory, and the feed and the other browsers nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import orjson
from nicegui.dependencies import register_esm
from nicegui.element import Element

from monitoring.console.picture import Picture
from monitoring.console.theme import WEB

log = logging.getLogger(__name__)

ROUND_SECONDS: Final = 0.25
"""How often changes go out, together: four times a second."""
LOST_SECONDS: Final = 15.0
"""A message that nobody has confirmed for so long is given up, and everything is sent anew."""

Message = Callable[[Picture, bool], dict[str, Any] | None]
"""(picture, whole) -> what a component is told, None where nothing is new; whole: it knows nothing yet."""

_SHARED: Final = WEB / "shared"
register_esm("barometer-console", _SHARED, max_time=max(path.stat().st_mtime for path in _SHARED.iterdir()))


class Live(Element):
    """A component that is told what is new."""

    def __init__(self, hub: "Hub", message: Message, **props: Any) -> None:
        super().__init__()
        for name, value in props.items():
            self.props[name] = value
        self._message = message
        self._whole = True
        self._is_there = False
        self._sent_at: float | None = None
        self.on("ready", self._ready, args=[])
        self.on("taken", self._taken, args=[])
        hub.add(self)

    def push(self, picture: Picture, now: float) -> None:
        """Tell what is new in `picture`, if the last message has arrived; `now` in seconds of a monotonic clock."""
        if not self._is_there:
            return
        if self._sent_at is not None:
            if now - self._sent_at < LOST_SECONDS:
                return
            self._whole = True
        message = self._message(picture, self._whole)
        if message is not None:
            self._whole, self._sent_at = False, now
            # As text: the browser reads it by JSON.parse, and not as a program.
            self.run_method("take", orjson.dumps(message).decode())

    def _ready(self) -> None:
        self._whole, self._is_there, self._sent_at = True, True, None

    def _taken(self) -> None:
        self._sent_at = None


class WarningList(Live, component=WEB / "warning_list.js"):
    """The list of active warnings."""


class ConsoleBar(Live, component=WEB / "console_bar.js"):
    """The bar above every page."""


class SideRail(Live, component=WEB / "side_rail.js"):
    """Open incidents and the nation's numbers."""


class HeatMap(Live, component=WEB / "heat_map.js"):
    """Regions by categories."""


class Intervals(Live, component=WEB / "intervals.js"):
    """Figures with intervals against targets."""


class LiveTable(Live, component=WEB / "grid_table.js"):
    """A table that is fed."""


class GridTable(Element, component=WEB / "grid_table.js"):
    """A table that stays as it is."""

    def __init__(
        self,
        rows: list[dict[str, Any]],
        columns: list[dict[str, str]],
        texts: dict[str, str],
        empty: str,
        caption: str,
    ) -> None:
        super().__init__()
        self.props.update(rows=rows, columns=columns, texts=texts, empty=empty, caption=caption, live=False)


class SeverityBadge(Element, component=WEB / "severity_badge.js"):
    """A severity by itself."""

    def __init__(self, level: str, name: str, letter: str) -> None:
        super().__init__()
        self.props.update(level=level, name=name, letter=letter)


class Hub:
    """Everything that is fed, of all browsers; one task."""

    def __init__(self, picture: Callable[[], Picture]) -> None:
        self._picture = picture
        self._all: set[Live] = set()

    def add(self, one: Live) -> None:
        self._all.add(one)

    async def run(self) -> None:
        """Go round for as long as the process lives."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            picture, now = self._picture(), monotonic()
            for one in list(self._all):
                if one.is_deleted:
                    self._all.discard(one)
                    continue
                try:
                    if one.client.has_socket_connection:
                        one.push(picture, now)
                except Exception:
                    log.exception("a page could not be fed; the others are")
                    self._all.discard(one)
