"""`make bench`: every contender in turn, round after round, each on a fresh Apache Kafka; ratios within the run.

python -m benchmarks [--events N] [--naive-events N] [--rounds N] [--json]
"""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from agents.embedded.kafka import KafkaCluster
from benchmarks.latency import measure
from benchmarks.totals import Totals, from_panes
from benchmarks.workload import preload, settings_of
from topics.catalogue import catalogue
from topics.provision import provision

PARTITIONS: Final = settings_of("").partitions
CONTENDERS: Final = {
    "finished": ("benchmarks.finished",),
    "bare": ("benchmarks.bare",),
    "naive": ("benchmarks.naive", "rolling"),
    "naive, no windows": ("benchmarks.naive", "panes"),
}
"""Name -> module and what follows brokers and count."""
EXIT_DIFFERENT: Final = 1


@dataclass
class Figures:
    """The runs of one contender."""

    rates: list[float] = field(default_factory=list)
    """Events a second."""
    cpu: list[float] = field(default_factory=list)
    """Microseconds of CPU an event."""


def run(contender: str, count: int) -> tuple[float, float, Totals]:
    """Return events a second, CPU microseconds an event and the totals of one run."""
    with KafkaCluster(quick_start=False) as cluster:
        provision(cluster.bootstrap, catalogue(), partitions=PARTITIONS, replication=1)
        preload(cluster.bootstrap, count)
        module, *arguments = CONTENDERS[contender]
        done = subprocess.run(
            [sys.executable, "-m", module, cluster.bootstrap, str(count), *arguments],
            stdout=subprocess.PIPE,
            check=True,
            timeout=900,
        )
        result = json.loads(done.stdout.decode().strip().splitlines()[-1])
        totals = result.get("totals") or from_panes(cluster.bootstrap, PARTITIONS)
    return count / result["seconds"], result["cpu"] / count * 1e6, totals


@click.command()
@click.option(
    "--events", default=200_000, show_default=True, help="Complaints for the worker and the bare loop."
)
@click.option(
    "--naive-events",
    default=2_000,
    show_default=True,
    help="Complaints for the naive program, a quarter where it keeps windows.",
)
@click.option("--rounds", default=3, show_default=True)
@click.option(
    "--latency/--no-latency", default=True, help="Also measure event to classified at 500 events a second."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def main(events: int, naive_events: int, rounds: int, latency: bool, as_json: bool) -> None:
    """Compare the finished worker with a bare confluent-kafka loop and the usual Faust program."""
    screen = Console(stderr=True)
    figures = {contender: Figures() for contender in CONTENDERS}
    # The rolling windows of a thousand events take the naive program a minute.
    counts = dict.fromkeys(CONTENDERS, events) | {
        "naive": naive_events // 4,
        "naive, no windows": naive_events,
    }
    for number in range(rounds):
        agreed: dict[int, tuple[str, Totals]] = {}
        for contender in CONTENDERS:
            count = counts[contender]
            rate, cpu, totals = run(contender, count)
            other, expected = agreed.setdefault(count, (contender, totals))
            if totals != expected:
                screen.print(
                    f"[red]{contender} and {other} counted differently: no time is worth reporting[/]"
                )
                raise SystemExit(EXIT_DIFFERENT)
            figures[contender].rates.append(rate)
            figures[contender].cpu.append(cpu)
            screen.print(
                f"round {number + 1}: {contender:18} {rate:>10,.0f} events/s {cpu:>8.1f} us CPU an event"
            )
        for count in sorted(set(counts.values()) - {events}):
            _check_naive(count, agreed[count][1], screen)
    latencies: list[float] = []
    if latency:
        with KafkaCluster(quick_start=False) as cluster:
            provision(cluster.bootstrap, catalogue(), partitions=PARTITIONS, replication=1)
            latencies = measure(cluster.bootstrap, PARTITIONS)
    report(figures, latencies, counts, rounds, as_json=as_json)


def _check_naive(count: int, totals: Totals, screen: Console) -> None:
    """The naive program is too slow for the whole workload; a worker counts the same part, off the clock."""
    _, _, expected = run("bare", count)
    if totals != expected:
        screen.print("[red]naive and bare counted differently: no time is worth reporting[/]")
        raise SystemExit(EXIT_DIFFERENT)


def report(
    figures: dict[str, Figures],
    latencies: list[float],
    counts: dict[str, int],
    rounds: int,
    *,
    as_json: bool,
) -> None:
    """Print medians with their ranges, the ratios, and the latency."""
    table = Table(title=f"{rounds} interleaved rounds, median (min-max)")
    for column in (
        "contender",
        "complaints",
        "events/s",
        "CPU us an event",
        "times naive",
        "CPU against bare",
    ):
        table.add_column(column, justify="right")
    medians = {
        name: (statistics.median(one.rates), statistics.median(one.cpu)) for name, one in figures.items()
    }
    for name, one in figures.items():
        rate, cpu = medians[name]
        table.add_row(
            name,
            f"{counts[name]:,}",
            f"{rate:,.0f} ({min(one.rates):,.0f}-{max(one.rates):,.0f})",
            f"{cpu:.1f} ({min(one.cpu):.1f}-{max(one.cpu):.1f})",
            f"{rate / medians['naive'][0]:.0f}",
            f"{cpu / medians['bare'][1]:.2f}",
        )
    console = Console(width=120)
    console.print(table)
    quantiles = {}
    if latencies:
        quantiles = {
            f"p{q}": latencies[min(len(latencies) - 1, len(latencies) * q // 100)] for q in (50, 90, 99)
        }
        shown = ", ".join(f"{name} {value:.1f} ms" for name, value in quantiles.items())
        console.print(f"event to classified at 500 events a second, {len(latencies):,} complaints: {shown}")
    if as_json:
        ratios = {
            "times_naive": medians["finished"][0] / medians["naive"][0],
            "times_naive_without_windows": medians["finished"][0] / medians["naive, no windows"][0],
            "cpu_against_bare": medians["finished"][1] / medians["bare"][1],
        }
        click.echo(json.dumps({"medians": medians, **ratios, "latency_ms": quantiles}))


if __name__ == "__main__":
    main()
