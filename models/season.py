"""What the next row of a series is expected to count, learned from the rows before, with the cycles found in them.

    expected = level x factor of the day's slot x factor of the week's slot      (steps below a day)
    expected = level x factor of the weekday                                     (a day and more; weeks: `models.yearly`)

Whether there is such a cycle is for the series to say: beside it stand the same without the longer cycle and without
any, each with a level of its own, and the mean of their logarithms is weighted by how well each foretold lately.
Owns the state and the steps `forecast` and `learn`. Counts are learned clipped, so that a burst teaches little.
"""

from collections.abc import Container
from math import exp, floor, log
from typing import Final, NamedTuple

from models.cycle import Cycle
from models.surprise import surprise

DAY: Final = 86_400
WEEK: Final = 7 * DAY

_SLOTS_A_DAY: Final = 48
_LEVEL_DAYS: Final = 10.0
"""Memory of the level for steps below a day."""
_DAILY_LEVEL_DAYS: Final = 60.0
_SHORT_STRENGTH: Final = 2.0
"""A day's slots (and weekdays, for longer steps) differ by a factor of about two, before anything is known."""
_WEEK_STRENGTH: Final = 10.0
"""A weekday's slots differ from the same slots of all days by about a third."""
_VISITS: Final = 6.0
"""Memory of a slot of the week."""
_DAY_VISITS: Final = 18.0
_MOST_INFORMATION: Final = 20.0
"""Of one row: neighbours err together, so large counts say less than they seem to."""
_CLIP: Final = 2.5
"""Standard deviations that a row teaches at most."""
_FEWEST: Final = 3
"""Rows that are learned unclipped, for there is nothing to clip by."""
_SHARPNESS: Final = 0.05
"""How much of its past squared surprises tells for a model: rows in a row err together, so far below 1/2."""
_WORST: Final = 9.0
_SMALLEST: Final = 0.02
"""Expected counts are at least this."""
_PRIOR: Final = 0.05
"""Weight of one event a row, beside the level of the first row."""
_SUNDAY: Final = 6
_MONDAY_OFFSET: Final = 3
"""1970-01-01 was a Thursday."""


class Forecast(NamedTuple):
    """What one row is expected to count."""

    mean: float
    unsure: float
    """Relative variance of the mean, to be added to the dispersion."""


class _Model:
    """A level that one shape is multiplied with."""

    __slots__ = ("count", "exposure", "loss", "mean", "shape")

    def __init__(self) -> None:
        self.count = self.exposure = self.loss = 0.0
        self.shape = 1.0
        self.mean = 1.0

    @property
    def level(self) -> float:
        return (self.count + _PRIOR) / (self.exposure + _PRIOR)


class Season:
    """The expectation of one series. For each row: `forecast`, then `learn`; rows that are missing are left out."""

    __slots__ = (
        "_day",
        "_holidays",
        "_keep",
        "_memory",
        "_models",
        "_parts",
        "_per_slot",
        "_rows",
        "_step",
        "_week",
    )

    def __init__(self, step: int, holidays: Container[int] = ()) -> None:
        """Begin with nothing known.

        Args:
            step: seconds between rows, from a minute to less than a week.
            holidays: days since 1970 that are like Sundays.
        """
        self._step = step
        self._holidays = holidays
        self._rows = 0
        self._day: Cycle | None = None
        self._per_slot = 1.0
        if step < DAY:
            slots = min(_SLOTS_A_DAY, DAY // step)
            self._per_slot = DAY / step / slots
            self._memory = _LEVEL_DAYS * DAY / step
            self._day = Cycle(slots, strength=_SHORT_STRENGTH, memory=_DAY_VISITS)
            self._week = Cycle(7 * slots, strength=_WEEK_STRENGTH, memory=_VISITS)
        else:
            self._memory = _DAILY_LEVEL_DAYS * DAY / step
            self._week = Cycle(7, strength=_SHORT_STRENGTH, memory=_VISITS)
        self._keep = exp(-1.0 / self._memory)
        self._models = [_Model() for _ in range(3 if self._day else 2)]
        self._parts: list[tuple[int, int, float]] = []
        """Slot of the day, slot of the week, and the part of the row that lies there."""

    def forecast(self, time: int) -> Forecast | None:
        """Return what the row that begins at `time`, epoch seconds, counts; None before the first was learned."""
        self._place(time)
        if not self._rows:
            return None
        self._shape()
        best = min(model.loss for model in self._models)
        total = weights = 0.0
        for model in self._models:
            model.mean = max(model.level * model.shape, 1e-6)
            weight = exp(-_SHARPNESS * (model.loss - best))
            total += weight * log(model.mean)
            weights += weight
        unsure = 1.0 / (min(self._rows, self._memory) + 1.0)
        if self._day and self._rows * self._step < 2 * DAY:
            unsure += 0.1  # the day's cycle was seen once at most
        return Forecast(max(exp(total / weights), _SMALLEST), unsure)

    def learn(self, count: float, forecast: Forecast | None, dispersion: float) -> None:
        """Add the row that was foretold last.

        Args:
            count: what it counted.
            forecast: what `forecast` returned for it.
            dispersion: d of the rows' variance m + d m^2 around their forecasts, as known before.
        """
        if forecast is None:
            for model in self._models:
                model.count, model.exposure = max(count, 0.5), 1.0
            self._rows = 1
            return
        mean = forecast.mean
        spread = dispersion + forecast.unsure
        if self._rows > _FEWEST:
            reach = _CLIP * (mean + spread * mean * mean) ** 0.5
            count = min(max(count, mean - reach), mean + reach)
        levels = [model.level for model in self._models]
        for model in self._models:
            model.loss = model.loss * self._keep + min(surprise(count, model.mean, spread) ** 2, _WORST)
            model.count = model.count * self._keep + count
            model.exposure = model.exposure * self._keep + model.shape
        information = min(1.0 / (1.0 / mean + dispersion), _MOST_INFORMATION)
        for day_slot, slot, part in self._parts:
            visit = part / self._per_slot
            base = levels[-1]
            if self._day:
                self._day.learn(day_slot, count / levels[1], visit * information, visit)
                base *= self._day.factor(day_slot)
            self._week.learn(slot, count / base, visit * information, visit)
        self._rows += 1

    def _place(self, time: int) -> None:
        day = time // DAY
        if self._day is None:
            self._parts = [(0, self._weekday(day), 1.0)]
            return
        slots = self._day.slots
        # Factors hold in the middle of their slots; between two middles they run straight.
        place = (time % DAY + self._step / 2) / DAY * slots - 0.5
        before = floor(place)
        after = place - before
        self._parts = []
        for number, part in ((before, 1.0 - after), (before + 1, after)):
            if part > 1e-9:
                slot = number % slots
                self._parts.append((slot, self._weekday(day + number // slots) * slots + slot, part))

    def _shape(self) -> None:
        daily = weekly = 0.0
        for day_slot, slot, part in self._parts:
            factor = self._day.factor(day_slot) if self._day else 1.0
            daily += part * factor
            weekly += part * factor * self._week.factor(slot)
        if self._day:
            self._models[1].shape = daily
        self._models[-1].shape = weekly

    def _weekday(self, day: int) -> int:
        return _SUNDAY if day in self._holidays else (day + _MONDAY_OFFSET) % 7
