"""Which texts of one source partition are reposts, recomputed from the log alone by comparing each with all that count.

The rules are those of `models.reposts`, written a second time: nothing here may import it. The sketch of a text is a pure
function and shared.
"""

from typing import Final

import numpy as np

from models.pane import HOUR
from models.sketch import ALIKE, SLOTS

WINDOW_SECONDS: Final = 2 * HOUR
SEEN: Final = 4_096
"""The newest originals that count."""
OF_A_BAND: Final = 64
"""The newest originals with an equal band that count."""
WAVES: Final = 1_024
_BANDS: Final = 8


class Circulation:
    """The originals of one partition. Call it in offset order."""

    def __init__(self) -> None:
        self._slots = np.zeros((SEEN, SLOTS), dtype="<u2")
        self._places = np.zeros(SEEN, dtype=np.int64)
        self._times = np.zeros(SEEN, dtype=np.int64)
        self._customers = [""] * SEEN
        self._count = 0

    def place(self, sketched: bytes, place: int, customer: str, time: int, watermark: int | None) -> str:
        """Return the wave that the text is a repost of; an empty text where it is none, and then maybe an original."""
        slots = np.frombuffer(sketched, dtype="<u2")
        oldest = 0 if watermark is None else watermark - watermark % HOUR - WINDOW_SECONDS
        # Oldest first: the row after the newest one is the oldest once all are taken.
        rows = np.arange(max(0, self._count - SEEN), self._count) % SEEN
        rows = rows[self._places[rows] == place]
        equal = self._slots[rows] == slots
        bands = equal.reshape(len(rows), _BANDS, SLOTS // _BANDS).all(axis=2)
        counts_of_band = bands & (np.cumsum(bands[::-1], axis=0)[::-1] <= OF_A_BAND)
        is_seen = (self._times[rows] >= oldest) & (np.abs(self._times[rows] - time) <= WINDOW_SECONDS)
        agreeing = np.where(counts_of_band.any(axis=1) & is_seen, equal.sum(axis=1), 0)
        if len(rows) and agreeing.max() >= ALIKE:
            row = int(rows[agreeing.argmax()])
            return "" if self._customers[row] == customer else f"w{int(self._slots[row, 0]) % WAVES:03x}"
        row = self._count % SEEN
        self._slots[row], self._places[row], self._times[row] = slots, place, time
        self._customers[row] = customer
        self._count += 1
        return ""
