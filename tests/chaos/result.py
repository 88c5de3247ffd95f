"""What a campaign found out: from the topics, from the workers' logs, and from the recomputation."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from agents.reading import TopicReader
from agents.verify.report import VerifyReport
from models.taxonomy import load_taxonomy
from tests.chaos.plan import DEATHS, Blow
from tests.chaos.slot import RECOVERED
from topics.catalogue import CLASSIFIED_COMPLAINTS, DEAD_LETTERS, EARLY_WARNINGS, work_orders

WORK_ORDERS: Final = "cx.work-orders.*"
"""All of their topics together."""
LEFT_BECAUSE: Final[Mapping[str, str]] = {
    CLASSIFIED_COMPLAINTS: "sent, but not noted as sent in the state: by a flush that its worker did not see confirmed, or the last one that it did",
    WORK_ORDERS: "with the complaints that they follow from",
    DEAD_LETTERS: "as classified complaints",
    EARLY_WARNINGS: "outputs go before the state that remembers them, so that none is ever skipped",
}
"""Topic -> why some of its records stand on the wire more than once."""
GENERATION: Final = re.compile(rb"Stabilized group barometer generation (\d+)")
COMPACTED: Final = re.compile(rb"Beginning cleaning of log barometer-")


class Wire(NamedTuple):
    """Records of a topic, and how many of them repeat an earlier one."""

    records: int
    repeated: int


class Told(NamedTuple):
    """What the workers' logs say."""

    recoveries: tuple[float, ...]
    """Seconds from each assignment until its partitions had begun."""
    recovered_again: int
    """Recoveries that did not bring what they should, and were repeated."""
    refused_commits: int
    """By workers that had lost their partitions."""
    generations: int
    """The last one of the group: how often it has rebalanced."""
    compactions: int
    """Of changelogs, on all brokers, as far as their logs go back."""


@dataclass
class Result:
    """What happened, and what differed afterwards."""

    seed: int
    events: int
    hits: Counter[str]
    missed: list[str]
    blows: Counter[Blow]
    leaders_moved: int
    clock_ends: int
    """Workers that ended because their clock was set back."""
    ended: list[str]
    disk: str
    has_clock: bool
    wire: dict[str, Wire]
    told: Told
    report: VerifyReport
    seconds: float = 0.0

    @property
    def never_hit(self) -> list[str]:
        return [place for place in DEATHS if not self.hits[place]]

    @property
    def not_done(self) -> list[str]:
        """Return the blows that were not struck."""
        return [blow.value for blow in Blow if not self.blows[blow]]

    @property
    def passed(self) -> bool:
        """Nothing differs, every place was hit, and no worker gave up by itself."""
        return self.report.clean and not self.never_hit and not self.ended


def repeats(brokers: str) -> dict[str, Wire]:
    """Count, in what the workers send, the records that repeat an earlier one by their CloudEvents id."""
    topics = {topic: [topic] for topic in (CLASSIFIED_COMPLAINTS, DEAD_LETTERS, EARLY_WARNINGS)}
    topics[WORK_ORDERS] = [work_orders(department) for department in load_taxonomy().departments]
    return {name: _repeats(brokers, parts) for name, parts in topics.items()}


def _repeats(brokers: str, topics: Iterable[str]) -> Wire:
    seen: set[bytes] = set()
    records = 0
    for topic in topics:
        with TopicReader(brokers, topic) as reader:
            for record in reader.read():
                records += 1
                seen.add(dict(record.headers).get("ce_id") or b"")
    return Wire(records, records - len(seen))


def told_by(workers: Path, brokers: Path) -> Told:
    """Read what `workers` and `brokers`, the folders of a campaign, have in logs."""
    recoveries: list[float] = []
    again = refused = 0
    for path in workers.glob("*-*.log"):
        log = path.read_bytes()
        recoveries += [float(seconds) for seconds in RECOVERED.findall(log)]
        again += log.count(b"recovering again")
        refused += log.count(b"commit refused")
    generations, compactions = [0], 0
    for path in brokers.glob("node-*/logs/server.log*"):
        log = path.read_bytes()
        generations += map(int, GENERATION.findall(log))
        compactions += len(COMPACTED.findall(log))
    return Told(tuple(recoveries), again, refused, max(generations), compactions)
