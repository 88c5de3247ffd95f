"""A campaign's result for people and machines: a table, the same as Markdown, and one JSON object."""

from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.crashpoints import PLACES, WINDOWS
from tests.chaos.clock import REMEDY
from tests.chaos.plan import BLOWS, DEATHS, STEADY, Blow
from tests.chaos.result import LEFT_BECAUSE, Result

FIRST_KEYS: Final = (
    "seed", "events", "worker_kills", "zombies", "broker_restarts", "redis_losses", "rebalances", "wire_duplicates", "differences", "seconds",
)  # fmt: skip
"""Of the JSON object; the rest says more."""


class Row(NamedTuple):
    """A line of the report: part, what it is about, figure, words."""

    part: str
    what: str
    figure: str
    words: str


def rows_of(result: Result) -> Iterator[Row]:
    """Yield the report: faults, recoveries, what stood twice on the wire, what differed."""
    yield from _faults(result)
    yield from _recoveries(result)
    for topic, wire in result.wire.items():
        share = f"of {wire.records:,}; " if wire.repeated else f"of {wire.records:,}"
        yield Row(
            "twice on the wire",
            topic,
            f"{wire.repeated:,}",
            share + (LEFT_BECAUSE[topic] if wire.repeated else ""),
        )
    for table in result.report.tables:
        yield Row("differences", table.name, f"{table.differences:,}", f"{table.compared:,} compared")


def _faults(result: Result) -> Iterator[Row]:
    part = "faults"
    for window, places in {**WINDOWS, "anywhere": (STEADY,)}.items():
        for place in places:
            yield Row(part, f"kill -9, {window}: {place}", str(result.hits[place]), DEATHS[place])
    for blow, meaning in BLOWS.items():
        words = meaning
        if blow is Blow.CLOCK_STEPPED and not result.has_clock:
            words = f"NOT DONE: {REMEDY}"
        elif blow is Blow.DISK_FULL:
            words = f"{meaning}; {result.disk}"
        elif blow is Blow.LEADERS_MOVED:
            words = f"{meaning}; {result.leaders_moved:,} partitions"
        elif blow is Blow.CLOCK_STEPPED:
            words = f"{meaning}: {result.clock_ends} ended themselves, as they should"
        yield Row(part, blow.value.replace("_", " "), str(result.blows[blow]), words)


def _recoveries(result: Result) -> Iterator[Row]:
    part, told = "recoveries", result.told
    seconds = told.recoveries
    figures = f"median {median(seconds):.1f} s, longest {max(seconds):.1f} s" if seconds else ""
    yield Row(part, "takeovers", f"{len(seconds):,}", figures)
    yield Row(part, "rebalances", f"{told.generations:,}", "generations of the group")
    yield Row(
        part,
        "recovered again",
        str(told.recovered_again),
        "what was read was older than the commit, or not whole",
    )
    yield Row(part, "commits refused", str(told.refused_commits), "of workers that had lost their partitions")
    yield Row(part, "ended by themselves", str(len(result.ended)), ", ".join(result.ended) or "workers")


def show(result: Result, screen: Console) -> None:
    """Print the table, and the first differences in words."""
    table = Table(title=title_of(result))
    for column in ("", "what", "count", ""):
        table.add_column(column, justify="right" if column == "count" else "left")
    before = ""
    for row in rows_of(result):
        if row.part != before and before:
            table.add_section()
        table.add_row("" if row.part == before else row.part, row.what, row.figure, row.words)
        before = row.part
    screen.print(table)
    for compared in result.report.tables:
        for one in compared.first:
            told = f"{one.record} {one.field}: expected {one.expected}, found {one.found}"
            screen.print(f"  {escape(told)}", soft_wrap=True)
    for place in result.never_hit:
        screen.print(f"[red]never hit: {place}")
    for worker in result.ended:
        screen.print(f"[red]ended by itself, with its exit code: {worker}")
    for blow in result.not_done:
        screen.print(f"[red]not done: {blow}")


def title_of(result: Result) -> str:
    """Return the report's title."""
    return f"seed {result.seed}: {result.events:,} events in {result.seconds:,.0f} s, {result.report.differences} differences"


def markdown_of(result: Result, command: str) -> str:
    """Return the report as Markdown."""
    lines = [f"`{command}`: {title_of(result)}."]
    before = ""
    for row in rows_of(result):
        if row.part != before:
            lines += ["", f"| {row.part} | count | |", "|---|---:|---|"]
            before = row.part
        lines.append(f"| {row.what} | {row.figure} | {row.words} |")
    return "\n".join([*lines, ""])


def line_of(result: Result) -> str:
    """Return the last line of a campaign: one JSON object."""
    blows, told = result.blows, result.told
    return msgspec.json.encode({
        "seed": result.seed, "events": result.events, "worker_kills": result.hits.total(),
        "zombies": blows[Blow.ZOMBIE],
        "broker_restarts": blows[Blow.BROKER_KILLED] + blows[Blow.DISK_FULL],
        "redis_losses": blows[Blow.REDIS_KILLED] + blows[Blow.REDIS_EMPTIED],
        "rebalances": told.generations,
        "wire_duplicates": sum(wire.repeated for wire in result.wire.values()),
        "differences": result.report.differences, "seconds": round(result.seconds, 1),
        "passed": result.passed,
        "places": {place: result.hits[place] for place in (*PLACES, STEADY)}, "never_hit": result.never_hit, "missed": result.missed,
        "blows": {blow.value: blows[blow] for blow in Blow}, "not_done": result.not_done,
        "recoveries": len(told.recoveries), "compactions": told.compactions, "recovered_again": told.recovered_again, "commits_refused": told.refused_commits,
        "clock_ends": result.clock_ends, "ended": result.ended, "duplicates_by_topic": {topic: wire.repeated for topic, wire in result.wire.items()},
        "compared": {table.name: table.compared for table in result.report.tables},
    }).decode()  # fmt: skip
