"""The report of a campaign: the keys that machines read, the table that people read, and what is not swept under it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console

from agents.crashpoints import PLACES
from agents.verify.report import Tally, VerifyReport
from tests.chaos.plan import DEATHS, Blow
from tests.chaos.report import FIRST_KEYS, line_of, markdown_of, show
from tests.chaos.result import LEFT_BECAUSE, Result, Told, Wire, told_by


def result_of(**changes: Any) -> Result:
    tables = (Tally("early warnings", compared=109),)
    fields: dict[str, Any] = {
        "seed": 7,
        "events": 100_000,
        "hits": Counter(list(DEATHS)),
        "missed": [],
        "blows": Counter(list(Blow)),
        "leaders_moved": 41,
        "clock_ends": 4,
        "ended": [],
        "disk": "tmpfs",
        "has_clock": True,
        "wire": dict.fromkeys(LEFT_BECAUSE, Wire(1_000, 3)),
        "told": Told((1.0, 2.0, 9.0), 2, 1, 51, 12),
        "report": VerifyReport(tables, {}, 100_000, {}, {}, 1.0),
        "seconds": 200.04,
    }
    return Result(**{**fields, **changes})


def test_the_last_line_begins_with_the_keys_that_everybody_reads() -> None:
    """`wire_duplicates` is a number; topics have a key of their own."""
    line = json.loads(line_of(result_of()))
    assert tuple(line)[: len(FIRST_KEYS)] == FIRST_KEYS
    assert [line[key] for key in FIRST_KEYS] == [7, 100_000, len(DEATHS), 1, 2, 2, 51, 12, 0, 200.0]
    assert line["duplicates_by_topic"] == dict.fromkeys(LEFT_BECAUSE, 3)
    assert line["passed"]


def test_a_place_that_nobody_died_at_fails_the_campaign() -> None:
    """And is named, each of them."""
    for place in PLACES:
        result = result_of(hits=Counter(name for name in DEATHS if name != place))
        assert (result.passed, result.never_hit) == (False, [place])


def test_a_difference_fails_the_campaign() -> None:
    """Whatever else went well."""
    report = VerifyReport((Tally("windows", compared=5, missing=1),), {}, 1, {}, {}, 1.0)
    assert not result_of(report=report).passed


def test_a_worker_that_gave_up_fails_the_campaign() -> None:
    """Although its successor made it good: nobody had killed it."""
    result = result_of(ended=["slot-0: 3"])
    assert not result.passed
    shown = Console(record=True, width=200, quiet=False)
    show(result, shown)
    assert "ended by itself, with its exit code: slot-0: 3" in shown.export_text()


def test_a_clock_that_could_not_be_stepped_is_told() -> None:
    """A missing package is no silence: the table says so, and what installs it."""
    result = result_of(
        has_clock=False, blows=Counter(blow for blow in Blow if blow is not Blow.CLOCK_STEPPED)
    )
    assert result.not_done == ["clock_stepped"]
    shown = Console(record=True, width=200, quiet=False)
    show(result, shown)
    assert "not done: clock_stepped" in shown.export_text()
    assert "NOT DONE: install libfaketime" in markdown_of(result, "make chaos")


def test_markdown_has_a_table_for_each_part_with_its_figures() -> None:
    """Faults, recoveries, what stands twice on the wire and why, differences."""
    text = markdown_of(result_of(), "make chaos SEED=7")
    assert [line.split("|")[1].strip() for line in text.splitlines() if "| count |" in line] == [
        "faults",
        "recoveries",
        "twice on the wire",
        "differences",
    ]
    assert "median 2.0 s, longest 9.0 s" in text
    assert all(topic in text and why in text for topic, why in LEFT_BECAUSE.items())


def test_logs_tell_of_takeovers_rebalances_and_compactions(tmp_path: Path) -> None:
    """Of workers and brokers, each in their folders."""
    workers, logs = tmp_path / "workers", tmp_path / "brokers" / "node-1" / "logs"
    workers.mkdir()
    logs.mkdir(parents=True)
    (workers / "slot-0-1.log").write_text(
        "INFO recovered 12 state records in 1.5 s\nWARNING recovering again: 1 changelog\n"
        "WARNING commit refused, the partitions have a new owner: x\nINFO recovered 3 state records in 0.2 s\n"
    )
    (logs / "server.log").write_text(
        "Stabilized group barometer generation 9 with 3 members\nStabilized group barometer generation 10 with 2 members\n"
        "Stabilized group barometer-board generation 99 with 1 members\nCleaner 0: Beginning cleaning of log barometer-calls-changelog-0\n"
    )
    assert told_by(workers, tmp_path / "brokers") == Told((1.5, 0.2), 1, 1, 10, 1)
