"""`barometer detect`: the detectors on any series of counts, from a file, without Kafka."""

import csv
import os
import re
import sys
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from agents.cli import EXIT_USAGE

if TYPE_CHECKING:
    from rich.text import Text

    from models.seriesalarm import Judged, SeriesAlarm
    from models.seriesfile import Notes

_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_STEP: Final = re.compile(r"(\d+)\s*(s|min|m|h|d|w)")
_SHORTEST, _LONGEST = 60, 604_800
_SCORED_BELOW: Final = 0.995
"""--threshold: a score at which nothing could ever alarm is a mistake."""


class BadSeries(click.ClickException):
    """The file is no series that can be judged."""

    exit_code = EXIT_USAGE


class Step(click.ParamType):
    """A duration from a minute to a week; converts to seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _STEP.fullmatch(value.strip())
        seconds = int(found[1]) * _UNITS[found[2]] if found else 0
        if not _SHORTEST <= seconds <= _LONGEST:
            self.fail(f"{value!r} is no step; write 5m, 30m, 1h, 1d or 7d (from 1m to 7d)", param, ctx)
        return seconds


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--series",
    "file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="CSV with the columns timestamp,count; - reads stdin.",
)
@click.option("--step", required=True, type=Step(), help="Time between rows: 5m, 30m, 1h, 1d, 7d.")
@click.option(
    "--detector",
    type=click.Choice(["auto", "surge", "cusum"]),
    default="auto",
    show_default=True,
    help="What to look for: everything, excess, or slow rises.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0.01, _SCORED_BELOW),
    help="Score from which on a row is an alarm.  [default: 0.5]",
)
@click.option(
    "--country", metavar="CODE", help="Public holidays of this country (CN, US, GB ...) are like Sundays."
)
@click.option(
    "--scores", is_flag=True, help="Print CSV: timestamp,count,expected,score,alarm, one row per input row."
)
@click.option("--json", "as_json", is_flag=True, help="Print the alarms as JSON, one object a line.")
def detect(
    *,
    file: Path,
    step: int,
    detector: str,
    threshold: float | None,
    country: str | None,
    scores: bool,
    as_json: bool,
) -> None:
    """Find the alarms in a series of counts.

    Reads `timestamp,count` (ISO 8601 or epoch; a header or none; other columns are passed over) and judges each row
    from the rows up to it alone, as a live system would. It finds the cycles of day, week and year by itself, learns
    how much the series varies, and watches single rows and sums of many at once: jumps, slow rises and, where a step is
    below a day, drops.

    The score is 0 to 1 and means the same for every series, by how seldom it is seen there: 0.43 five times in
    1,000 rows, 0.5 once in 1,000, 0.57 once in 10,000. So one threshold serves many series, and
    `--threshold` is how many false alarms you can bear.

    \b
    Examples
      barometer detect --series mentions.csv --step 5m
      barometer detect --series trips.csv --step 30m --country US --threshold 0.55
      barometer detect --series cases.csv --step 7d --detector cusum --json
      barometer detect --series counts.csv --step 1d --scores > scores.csv

    Rows that are left out or have no count were not observed: nothing is made up for them. Exit codes: 0 fine, alarms or
    none; 2 the file or an option is wrong.
    """
    if scores and as_json:
        raise click.UsageError("--scores prints CSV and --json prints alarms: choose one")
    from models.series import DetectorName
    from models.seriesalarm import ALARM, alarms
    from models.seriesfile import SeriesError, SeriesReader

    reader = SeriesReader(step, str(file))
    limit = ALARM if threshold is None else threshold
    sought = DetectorName(detector)
    days = _holidays(country) if country else ()
    try:
        with click.open_file(str(file), encoding="utf-8-sig") as lines:
            judged = _judged(reader, lines, sought, days)
            if scores:
                _print_scores(judged, limit, sys.stdout)
            elif as_json:
                import msgspec

                for alarm in alarms(judged, sought, limit):
                    click.echo(msgspec.json.encode(alarm))
            else:
                rows = list(judged)
                _show(rows, list(alarms(rows, sought, limit)), limit)
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    except (SeriesError, OSError) as error:
        raise BadSeries(str(error)) from None
    except UnicodeDecodeError as error:
        raise BadSeries(f"{file}: is no UTF-8 text ({error.reason} at byte {error.start})") from None
    _tell(reader.notes)


def _judged(reader: Any, lines: Iterable[str], sought: Any, holidays: Container[int]) -> Iterator["Judged"]:
    from models.series import Series
    from models.seriesalarm import Judged

    series = Series(reader.step, sought, holidays)
    for row in reader.rows(lines):
        yield Judged(row, None if row.counted is None else series.judge(row.time, row.counted))


class _Holidays:
    """Days since 1970 that are public holidays of one country; years are looked up as they come."""

    def __init__(self, code: str) -> None:
        from holidays import country_holidays

        self._days = country_holidays(code)

    def __contains__(self, day: object) -> bool:
        from datetime import date, timedelta

        assert isinstance(day, int)
        return date(1970, 1, 1) + timedelta(days=day) in self._days


def _holidays(code: str) -> Container[int]:
    try:
        return _Holidays(code)
    except NotImplementedError:
        raise click.UsageError(
            f"no holidays are known of {code!r}; use a code of ISO 3166, such as CN or US"
        ) from None


def _print_scores(judged: Iterable["Judged"], threshold: float, stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("timestamp", "count", "expected", "score", "alarm"))
    for row, judgement in judged:
        if judgement is None or row.counted is None:
            writer.writerow((row.timestamp, "", "", "0.000000", 0))
            continue
        writer.writerow(
            (
                row.timestamp,
                f"{row.counted:.10g}",
                f"{judgement.expected:.6g}",
                f"{judgement.score:.6f}",
                int(judgement.score >= threshold),
            )
        )


def _show(rows: list["Judged"], found: list["SeriesAlarm"], threshold: float) -> None:
    from agents.seriesplot import Point, plot
    from agents.terminal import console, printable

    observed = [(row, judgement) for row, judgement in rows if judgement is not None]
    if not observed:
        click.echo("no rows with a count")
        return
    out = console()
    width = min(out.width, 120)
    out.print(
        plot(
            [
                Point(row.counted or 0.0, judged.expected, judged.score >= threshold)
                for row, judged in observed
            ],
            width=width,
        )
    )
    first, last = printable(rows[0].row.timestamp), printable(rows[-1].row.timestamp)
    out.print(f"{'':11}{first}{last:>{max(1, width - 12 - len(first))}}\n")
    for alarm in found:
        out.print(_line(alarm))
    share = f"{len(found)} alarm{'s' if len(found) != 1 else ''} in {len(rows):,} rows"
    out.print(f"{share} (score {threshold:.2f} or more; bars: counted, dots: expected)")


def _line(alarm: "SeriesAlarm") -> "Text":
    from rich.text import Text

    from agents.lines import number
    from agents.terminal import SEVERITY_STYLES, printable

    line = Text()
    line.append(f" {alarm.severity.value.upper():<8} ", style=SEVERITY_STYLES[alarm.severity.value])
    line.append(f" {printable(alarm.start)} - {printable(alarm.end)}", style="bold")
    window = "" if alarm.window_rows == 1 else f" in {alarm.window_rows} rows"
    line.append(
        f"  {number(alarm.observed)}{window}, expected {number(round(alarm.expected, 1))}"
        f"  p {alarm.p_value:.1e}  score {alarm.score:.2f}  {'drop' if alarm.direction == 'below' else alarm.detector.value}"
    )
    line.append(f"  peak {printable(alarm.peak)}", style="dim")
    return line


def _tell(notes: "Notes") -> None:
    told = (
        (notes.left_out, "rows are left out of the file: taken as not observed"),
        (notes.without_count, "rows have no count: taken as not observed"),
        (notes.set_back, "times the clock goes back by up to an hour: rows go on as if it had not"),
        (notes.off_grid, "rows are off the grid of the step"),
    )
    for count, what in told:
        if count:
            click.echo(f"note: {count:,} {what}", err=True)
