"""Reading `outage_size.yaml`, with errors that name file, place and remedy. The file documents its format where people edit it."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from models.datafile import parse, source_of, texts
from models.events import PerceivedSeverity
from models.outagesize import Limit, SizeClass, SizePolicy
from models.ruleentry import Entry
from models.vocabulary import Area

FILE: Final = "outage_size.yaml"
_SERVICES_MAX: Final = 2_000_000_000
_LIMIT: Final = ("class", "at_least", "more_than", "for", "longer_than", "areas", "reports", "source")


@lru_cache(maxsize=4)
def load_sizes(path: Path | None = None) -> SizePolicy:
    """Read a policy, once in a process; None reads the packaged one.

    Raises:
        DataFileError: the file cannot be read or is wrong; the message says where and what to do.
    """
    return parse_sizes(*source_of(path, FILE))


def parse_sizes(source: str, name: str = FILE) -> SizePolicy:
    """Parse and check the file; the errors are those of `load_sizes`."""
    whole = Entry.of(parse(source, name), name, "", ("classes", "limits"))
    classes = {}
    for id, value in whole.entry("classes").values.items():
        entry = Entry.of(value, name, f"classes.{id}", ("severity", "en", "zh"))
        classes[id] = SizeClass(
            entry.choice("severity", PerceivedSeverity), entry.text("en"), entry.text("zh")
        )
    limits = whole.entry("limits").values
    return SizePolicy(
        classes,
        tuple(
            _limit(id, Entry.of(value, name, f"limits.{id}", _LIMIT), classes) for id, value in limits.items()
        ),
    )


def _limit(id: str, entry: Entry, classes: dict[str, SizeClass]) -> Limit:
    size_class = entry.text("class")
    if size_class not in classes:
        entry.fail("class", f"is {size_class!r}", f"use one of {', '.join(classes)}")
    amount = _one_of(entry, "at_least", "more_than")
    services = entry.whole(amount, 1, _SERVICES_MAX) + (amount == "more_than")
    time = _one_of(entry, "for", "longer_than")
    reports = {}
    if "reports" in entry.values:
        inner = entry.entry("reports")
        reports = {report: inner.seconds(report, or_none=True) for report in inner.values}
    return Limit(
        id,
        size_class,
        services,
        entry.seconds(time),
        time == "longer_than",
        _areas(entry),
        reports,
        entry.text("source"),
    )


def _areas(entry: Entry) -> frozenset[Area] | None:
    if "areas" not in entry.values:
        return None
    found = texts(entry.values["areas"], entry.name, entry.at("areas"))
    for area in found:
        if area not in set(Area):
            entry.fail("areas", f"names {area!r}", f"use {', '.join(Area)}")
    return frozenset(map(Area, found))


def _one_of(entry: Entry, *keys: str) -> str:
    found = [key for key in keys if key in entry.values]
    if not found:
        entry.fail(keys[0], "is missing", f"write {' or '.join(keys)}")
    if len(found) > 1:
        entry.fail(keys[0], f"stands beside {keys[1]}", "write one of them")
    return found[0]
