"""Putting a rule set in force while workers run: one transaction into `cx.rule-sets.v1` and every partition of `panes`.

All partitions get it or none does, and of two people who push at once, one after the other: both have the same transactional
id. Workers read committed records alone. Also the other way: what was pushed, and what the owners of partitions made of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from agents.kafkaclient import ONE_AT_A_TIME, Brokers, explained
from agents.outbox import producer_config
from agents.reading import Record, TopicReader
from models.errors import BarometerError
from models.events import RuleSetPublished
from models.rule import RuleSet
from models.ruleorder import ORDER_TYPE, RuleSetFate, RuleSetInForce, RuleSetReport
from topics.access import RULES_WRITER
from topics.catalogue import PANES, RULE_SET_REPORTS, RULE_SETS
from topics.headers import cloudevent_headers

PUBLISHED_TYPE: Final = "cx.rule-set.published.v1"
TRANSACTION_MS: Final = 15_000
"""Readers of `panes` wait for a transaction that was begun: so long at most if this program dies in the middle."""
ANSWER_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.5

_json: Final = msgspec.json.Encoder().encode
_decode_report: Final = msgspec.json.Decoder(RuleSetReport).decode
_decode_published: Final = msgspec.json.Decoder(RuleSetPublished).decode


class PushFailed(BarometerError):
    """Nothing is in force that was not before; says why."""


class Words(NamedTuple):
    """What people say about a push."""

    name: str
    actor: str
    note: str
    pushed_at: str
    """ISO 8601."""


def push(
    brokers: Brokers, rules: RuleSet, words: Words, *, from_pane: int, partitions: int
) -> dict[int, int]:
    """Publish a set and order it in force; return the offset of the order in each partition of `panes`.

    Args:
        brokers: where Kafka is.
        rules: checked already.
        words: for those who read about it.
        from_pane: start of the first pane that is to be judged by it, epoch seconds; 0: as soon as can be.
        partitions: of `panes`.

    Raises:
        PushFailed: the transaction was not committed.
    """
    published = RuleSetPublished(
        id=f"{rules.version}-{words.pushed_at}",
        time=datetime.fromisoformat(words.pushed_at),
        version=rules.version,
        rules=rules.source.rules,
        prior=rules.source.prior,
        actor=words.actor,
        name=words.name,
        note=words.note,
    )
    order = RuleSetInForce(
        version=rules.version,
        rules=rules.source.rules,
        prior=rules.source.prior,
        from_pane=from_pane,
        pushed_at=words.pushed_at,
        name=words.name,
        actor=words.actor,
        note=words.note,
    )
    offsets: dict[int, int] = {}

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is None and message.topic() == PANES:
            offsets[message.partition() or 0] = message.offset() or 0

    key = rules.version.encode()
    producer = _producer(brokers)
    try:
        producer.init_transactions(ANSWER_SECONDS)
        producer.begin_transaction()
        _send(producer, RULE_SETS, 0, key, published, (published.id, PUBLISHED_TYPE, words.pushed_at), delivered)  # fmt: skip
        for q in range(partitions):
            named = (f"{published.id}/{q}", ORDER_TYPE, words.pushed_at)
            _send(producer, PANES, q, key, order, named, delivered)
        producer.commit_transaction(ANSWER_SECONDS)
    except KafkaException as failure:
        error: KafkaError = failure.args[0]
        with suppress(KafkaException):
            # Readers of panes wait for what was begun; where there is nothing to abort, or nobody answers, that is the end of it.
            producer.abort_transaction(ANSWER_SECONDS)
        raise PushFailed(
            f"the rule set was not pushed, what was in force still is: Kafka at {brokers}: {explained(error, brokers)}"
        ) from failure
    return offsets


def _producer(brokers: Brokers) -> Producer:
    extra = {
        **ONE_AT_A_TIME,
        "transactional.id": RULES_WRITER,
        "transaction.timeout.ms": TRANSACTION_MS,
        "message.timeout.ms": TRANSACTION_MS,
        "log_level": 2,
    }
    return Producer(producer_config(brokers, 0.0, extra))


def _send(
    producer: Producer,
    topic: str,
    partition: int,
    key: bytes,
    value: msgspec.Struct,
    named: tuple[str, str, str],
    delivered: Any,
) -> None:
    headers: Any = cloudevent_headers(*named)
    producer.produce(topic, _json(value), key, partition, delivered, headers=headers)


def published(brokers: Brokers) -> dict[str, RuleSetPublished]:
    """Return every set that was pushed, by version, as it was last pushed; what cannot be read is passed over.

    Raises:
        ReadingError: the topic cannot be read.
    """
    found = {}
    with TopicReader(brokers, RULE_SETS) as reader:
        for record in reader.read():
            try:
                one = _decode_published(record.value or b"")
            except msgspec.MsgspecError:
                continue
            found[one.version] = one
    return found


def reports(brokers: Brokers) -> list[RuleSetReport]:
    """Return what workers have reported, the last word on each order, in the order of partitions and of orders.

    Raises:
        ReadingError: the topic cannot be read.
    """
    with TopicReader(brokers, RULE_SET_REPORTS) as reader:
        return last_words(reader.read())


def last_words(records: Iterable[Record]) -> list[RuleSetReport]:
    """Return the last report of each order, in the order of partitions and of orders."""
    found: dict[tuple[int, int], RuleSetReport] = {}
    for record in records:
        try:
            report = _decode_report(record.value or b"")
        except msgspec.MsgspecError:
            continue
        found[report.partition, report.offset] = report
    return [found[place] for place in sorted(found)]


def awaited(
    brokers: Brokers, offsets: Mapping[int, int], seconds: float
) -> tuple[list[RuleSetReport], list[int]]:
    """Wait until every order is reported; return the reports, and the partitions that have reported nothing in time.

    Raises:
        ReadingError: the topic cannot be read.
    """
    deadline = monotonic() + seconds
    while True:
        found = [one for one in reports(brokers) if offsets.get(one.partition) == one.offset]
        silent = sorted(set(offsets) - {one.partition for one in found})
        if not silent or monotonic() >= deadline:
            return found, silent
        sleep(POLL_SECONDS)


class Place(NamedTuple):
    """Where a set judges: one stream in one partition of `panes`."""

    partition: int
    stream: str
    first: int
    """Start of the first pane, epoch seconds; 0: from the beginning."""
    until: int | None
    """Start of the first pane that another set judges; None: none does."""


def places(reported: Iterable[RuleSetReport]) -> dict[str, list[Place]]:
    """Return where each version judges, or was to judge, by version. A set that was replaced before its first pane is left out."""
    pieces: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for report in reported:
        for stream, first in report.from_panes.items():
            known = pieces.get((report.partition, stream), [])
            earlier = [piece for piece in known if piece[0] < first]
            pieces[report.partition, stream] = [*earlier, (first, report.version)]
    found: dict[str, list[Place]] = {}
    for (partition, stream), entries in sorted(pieces.items()):
        for (first, version), until in zip(entries, [*(one for one, _ in entries[1:]), None], strict=True):
            found.setdefault(version, []).append(Place(partition, stream, first, until))
    return found


class Push(NamedTuple):
    """Something that was pushed, and what became of it."""

    version: str
    words: Words
    reports: list[RuleSetReport]


def pushes(sets: Mapping[str, RuleSetPublished], reported: Iterable[RuleSetReport]) -> Iterator[Push]:
    """Yield every push, the oldest first. What no worker has reported yet comes from the sets themselves."""
    found: dict[tuple[str, str], Push] = {}
    for one in sets.values():
        when = one.time.isoformat() if not isinstance(one.time, int) else str(one.time)
        words = Words(one.name, one.actor, one.note, when.replace("+00:00", "Z"))
        found[words.pushed_at, one.version] = Push(one.version, words, [])
    for report in reported:
        words = Words(report.name, report.actor, report.note, report.pushed_at)
        entry = found.setdefault((report.pushed_at, report.version), Push(report.version, words, []))
        entry.reports.append(report)
    for key in sorted(found):
        yield found[key]


def is_refused(report: RuleSetReport) -> bool:
    """Whether the owner of that partition goes on with the set before."""
    return report.state == RuleSetFate.REFUSED
