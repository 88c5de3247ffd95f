"""`python -m benchmarks.detect`: labelled windows found at a price in false alarms, on simulated look-alikes.

python -m benchmarks.detect [--family lookalikes|doubles|archives]... [--seed N]... [--processes N] [--json]

Constants were chosen on series of the seeds 1 to 7 and 11 to 13, and on none of the default ones.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import archives, doubles, lookalikes
from benchmarks.baselines.ears import c1, c2, c3
from benchmarks.baselines.gaussian import windowed_gaussian
from benchmarks.baselines.nbcusum import nb_cusum
from benchmarks.baselines.percent import percent
from benchmarks.labelled import best
from benchmarks.lookalikes import SERIES, Floats, Labelled, collection
from models.series import DetectorName, Series

PRICES: Final = (1.0, 5.0)
"""False episodes per 1,000 rows."""

FAMILIES: Final = {"lookalikes": lookalikes.KINDS, "doubles": doubles.KINDS, "archives": archives.KINDS}
"""Name -> its generators."""


def scores(series: Labelled, detector: DetectorName = DetectorName.AUTO) -> Floats:
    """Return the score of every row, as `barometer detect --scores` prints it."""
    judge = Series(series.step, detector).judge
    rows = zip(series.times.tolist(), series.counts.tolist(), strict=True)
    return np.array([judge(time, float(count)).score for time, count in rows])


def _auto(series: Labelled) -> Floats:
    return scores(series)


def _surge(series: Labelled) -> Floats:
    return scores(series, DetectorName.SURGE)


def _cusum(series: Labelled) -> Floats:
    return scores(series, DetectorName.CUSUM)


DETECTORS: Final[dict[str, Callable[[Labelled], Floats]]] = {
    "barometer auto": _auto,
    "barometer surge": _surge,
    "barometer cusum": _cusum,
    "EARS C1": c1,
    "EARS C2": c2,
    "EARS C3": c3,
    "windowed Gaussian": windowed_gaussian,
    "NB-CUSUM": nb_cusum,
    "+30 % rule": percent,
}


RIVALS: Final = ("EARS C1", "EARS C2", "windowed Gaussian", "NB-CUSUM", "+30 % rule")
"""Those that are to be surpassed, by five points at both prices."""


def shares(series: Sequence[Labelled], judged: Sequence[Floats]) -> dict[str, list[float]]:
    """Return the shares found at each price: for each kind by its own threshold, and of all by one common to them.

    "all windows" are those of all kinds together, found by the threshold of their own kind.
    """
    pairs = list(zip(series, judged, strict=True))
    found = {
        kind: [best([pair for pair in pairs if pair[0].kind == kind], price).share for price in PRICES]
        for kind in SERIES
    }
    found["mean of kinds"] = [float(np.mean([found[kind][place] for kind in SERIES])) for place in (0, 1)]
    windows = {kind: sum(len(one.windows) for one in series if one.kind == kind) for kind in SERIES}
    found["all windows"] = [
        float(np.average([found[kind][place] for kind in SERIES], weights=list(windows.values())))
        for place in (0, 1)
    ]
    found["one threshold"] = [best(pairs, price).share for price in PRICES]
    return found


@click.command()
@click.option(
    "--family",
    "families",
    multiple=True,
    type=click.Choice(list(FAMILIES)),
    default=tuple(FAMILIES),
    show_default=True,
    help="How the series are drawn.",
)
@click.option("--seed", "seeds", multiple=True, type=int, default=(201, 202, 203), show_default=True)
@click.option("--processes", default=2, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def main(families: tuple[str, ...], seeds: tuple[int, ...], processes: int, as_json: bool) -> None:
    """Compare the detectors with those of the literature, on series that are drawn from SEED."""
    measured = {}
    with ProcessPoolExecutor(processes) as pool:
        for family in families:
            series = [one for seed in seeds for one in collection(FAMILIES[family], seed)]
            windows = {kind: sum(len(one.windows) for one in series if one.kind == kind) for kind in SERIES}
            results = {}
            for name, detector in track(DETECTORS.items(), console=Console(stderr=True), transient=True):
                results[name] = shares(series, list(pool.map(detector, series)))
            _show(family, windows, results)
            measured[family] = {"windows": windows, "found": results}
    if as_json:
        click.echo(json.dumps({"seeds": seeds, "families": measured}))


def _show(family: str, windows: dict[str, int], results: dict[str, dict[str, list[float]]]) -> None:
    title = f"{family}: labelled windows found at 1 and at 5 false episodes per 1,000 rows (simulated)"
    table = Table(title=title)
    table.add_column("detector")
    for column in results["barometer auto"]:
        count = f"\n{windows[column]} windows" if column in windows else ""
        table.add_column(column + count, justify="right")
    for name, found in results.items():
        table.add_row(name, *(" ".join(f"{share:.2f}" for share in pair) for pair in found.values()))
    ahead = (
        " ".join(
            f"{100 * (share - max(results[name][column][place] for name in RIVALS)):+.0f}"
            for place, share in enumerate(found)
        )
        for column, found in results["barometer auto"].items()
    )
    table.add_row("points ahead of the best of five", *ahead)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
