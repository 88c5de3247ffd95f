"""Dead letters on their way back: which can be returned, their return to the topic and partition they came from, and the mark.

A record keeps its key, value, headers and partition, so its identity too: the id of a refused record is no sighting, and what a
crash between sending and marking sends twice is a duplicate the second time. Records go out in the order of the dead letters,
which is that of their source partition.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Self

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from agents.kafkaclient import ONE_AT_A_TIME, Brokers, confluent_config, explained
from agents.letters import Letters, Wanted
from agents.lettertable import age_of, listed
from agents.original import Original, Originals
from agents.reading import TopicReader
from agents.replay import CONFIG
from models.iso import iso
from models.outcomes import DeadLetter, ReplayedLetter
from topics.catalogue import DEAD_LETTERS, REPLAYED_LETTERS
from topics.headers import attempt_of, cloudevent_headers, replay_headers

MARK_TYPE: Final = "cx.dead-letter.replayed.v1"
CHUNK: Final = 500
"""Records confirmed and marked together: at most so many are sent a second time after a crash."""
FAILURES_KEPT: Final = 10
WAIT_SECONDS: Final = 0.1
GIANT_BYTES: Final = 200 * 1024 * 1024
"""Largest record that is returned, uncompressed. Giants passed their topic once because they compress; so do they now."""

Progress = Callable[[str, int], None]
"""Called with (what is being done, how many so far)."""

_json = msgspec.json.Encoder().encode


@dataclass
class Survey:
    """What a replay would do."""

    sendable: set[str] = field(default_factory=set)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(topic, reason) -> sendable letters."""
    replayed: int = 0
    """Left out because they were returned before."""
    gone: list[str] = field(default_factory=list)
    """Ids of letters that hold the beginning only, and whose record is no longer kept."""
    foreign: list[str] = field(default_factory=list)
    """Ids of letters whose topic is no longer there, or was made again."""
    unreadable: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    """The newest sendable ones as they are listed, oldest first."""


@dataclass
class Returned:
    """What a replay did."""

    sent: int = 0
    """Records that the broker has confirmed and that are marked."""
    failures: list[str] = field(default_factory=list)
    failed: int = 0
    gone: int = 0
    """Records that retention has deleted since the survey."""


class Returns:
    """One replay: look first, then send exactly that. A context manager."""

    def __init__(self, brokers: Brokers, wanted: Wanted, *, again: bool, progress: Progress) -> None:
        """
        Args:
            brokers: bootstrap servers, or how one gets to them.
            wanted: which letters.
            again: also those that were returned before.
            progress: told how far it is.

        Raises:
            ReadingError: the dead letters cannot be read.
        """
        self._brokers = brokers
        self._wanted = wanted
        self._again = again
        self._progress = progress
        self._originals = Originals(brokers)
        self._reader = TopicReader(brokers, DEAD_LETTERS)
        # What is refused again while this runs is another replay's.
        self._ends = {partition: end for partition, (_, end) in self._reader.bounds().items()}
        self.survey = Survey()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._originals.close()

    def look(self, rows: int) -> Survey:
        """Find out what can be returned, keeping the newest `rows` for a table.

        Raises:
            ReadingError: a topic cannot be read.
        """
        marked = set() if self._again else _marked(self._brokers)
        survey = self.survey
        letters = Letters()

        def sendable() -> Iterator[dict[str, Any]]:
            for letter in self._letters(letters):
                if letter.id in marked:
                    survey.replayed += 1
                elif not self._originals.has_topic_of(letter):
                    survey.foreign.append(letter.id)
                elif self._originals.of(letter) is None:
                    survey.gone.append(letter.id)
                else:
                    survey.sendable.add(letter.id)
                    survey.reasons[letter.topic, letter.reason] += 1
                    self._progress("looking", len(survey.sendable))
                    yield listed(letter)

        survey.rows = heapq.nlargest(rows, sendable(), key=age_of)[::-1]
        survey.unreadable = letters.unreadable
        return survey

    def send(self, now: Callable[[], float]) -> Returned:
        """Return what `look` found; `now` gives Unix seconds.

        Raises:
            ReadingError: a topic cannot be read.
        """
        run = _Run(self._brokers, now)
        try:
            for letter in self._letters(Letters()):
                if letter.id not in self.survey.sendable:
                    continue
                whole = self._originals.of(letter)
                if whole is None:
                    run.returned.gone += 1
                else:
                    run.send(letter, whole)
                self._progress("sending", run.returned.sent)
        finally:
            # Also after Ctrl-C: what has arrived is marked.
            run.settle()
        return run.returned

    def _letters(self, letters: Letters) -> Iterator[DeadLetter]:
        start = None if self._wanted.start_ms is None else self._reader.offsets_at(self._wanted.start_ms)
        if start is not None:
            start = {partition: min(first, self._ends[partition]) for partition, first in start.items()}
        for letter in letters.of(self._reader.read(start, self._ends)):
            if letter in self._wanted:
                yield letter


class _Run:
    """The sending of one replay."""

    def __init__(self, brokers: Brokers, now: Callable[[], float]) -> None:
        own = {
            **ONE_AT_A_TIME,
            **confluent_config(brokers),
            "compression.type": "zstd",
            "message.max.bytes": GIANT_BYTES,
        }
        self._producer = Producer({**CONFIG, **own})
        self._brokers = brokers
        self._now = now
        self._arrived: list[ReplayedLetter] = []
        self._waiting = 0
        self.returned = Returned()

    def send(self, letter: DeadLetter, whole: Original) -> None:
        """Send one record; every `CHUNK` of them, wait for them and mark them."""
        replayed_at = iso(int(self._now()))
        mark = ReplayedLetter(
            id=letter.id,
            topic=letter.topic,
            partition=letter.partition,
            offset=-1,
            attempt=attempt_of(whole.headers) + 1,
            replayed_at=replayed_at,
        )

        def arrived(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._fail(f"{letter.id}: {error.str()}")
            else:
                self._arrived.append(msgspec.structs.replace(mark, offset=message.offset()))

        headers = replay_headers(letter, whole.headers, replayed_at)
        self._produce(letter.topic, letter.partition, whole.key, whole.value, headers, arrived, letter.id)
        self._waiting += 1
        if self._waiting >= CHUNK:
            self.settle()

    def settle(self) -> None:
        """Wait until everything is confirmed or refused, and mark what has arrived."""
        self._wait()
        self._waiting = 0
        arrived, self._arrived = self._arrived, []
        for mark in arrived:
            headers = cloudevent_headers(f"{mark.id}/{mark.attempt}", MARK_TYPE, mark.replayed_at)

            def marked(error: KafkaError | None, _: Message, id_: str = mark.id) -> None:
                if error is not None:
                    self._fail(f"{id_}: sent, but not marked: {error.str()}")
                else:
                    self.returned.sent += 1

            self._produce(REPLAYED_LETTERS, -1, mark.id.encode(), _json(mark), list(headers), marked, mark.id)
        self._wait()

    def _produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes | None]],
        on_delivery: Callable[[KafkaError | None, Message], None],
        id_: str,
    ) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key, partition, on_delivery, headers=headers)  # type: ignore[arg-type]
            except BufferError:
                self._producer.poll(WAIT_SECONDS)
            except KafkaException as error:
                self._fail(f"{id_}: {error.args[0].str()}")
                return
            else:
                return

    def _wait(self) -> None:
        # Ends by itself: what the broker does not take within message.timeout.ms is reported as failed.
        while len(self._producer):
            try:
                self._producer.flush(WAIT_SECONDS)
            except KafkaException as error:
                # The client can send nothing any more. What waits is given up, and so reported as failed.
                self.returned.failures.insert(0, explained(error.args[0], self._brokers))
                self._producer.purge()

    def _fail(self, what: str) -> None:
        self.returned.failed += 1
        if len(self.returned.failures) < FAILURES_KEPT:
            self.returned.failures.append(what)


def _marked(brokers: Brokers) -> set[str]:
    """Return the ids of the letters that were returned before."""
    with TopicReader(brokers, REPLAYED_LETTERS) as reader:
        return {(record.key or b"").decode(errors="replace") for record in reader.read()}
