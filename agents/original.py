"""The refused record itself: out of its dead letter, or, where the letter holds the beginning only, out of its topic.

Reads one record at its offset. Commits nothing, writes nothing.
"""

from typing import NamedTuple, Self

from agents.cluster import topic_id
from agents.deadletter import truncation
from agents.kafkaclient import Brokers
from agents.letters import decoded
from agents.reading import Record, TopicReader
from models.outcomes import DeadLetter


class Original(NamedTuple):
    """A record as its producer sent it."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Originals:
    """Finds records; a context manager that keeps one connection for each topic it had to ask."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._readers: dict[str, TopicReader] = {}
        self._ids: dict[str, str | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        for reader in self._readers.values():
            reader.close()

    def of(self, letter: DeadLetter) -> Original | None:
        """Return the whole record of `letter`, or None where nobody has it any more.

        Raises:
            BrokerUnreachable: the topic would have to be asked, and nobody answers.
            ReadingError: its topic cannot be read.
        """
        if letter.truncated is None:
            headers = tuple((name, decoded(content)) for name, content in letter.headers)
            return Original(decoded(letter.key), decoded(letter.value), headers)
        found = self._read(letter)
        if found is None or truncation(found.key, found.value, found.headers) != letter.truncated:
            return None
        return Original(found.key, found.value, found.headers)

    def has_topic_of(self, letter: DeadLetter) -> bool:
        """Tell whether the topic that the record was in is still there; made again under its name it is another one.

        Raises:
            BrokerUnreachable: nobody answers.
        """
        topic = letter.topic
        if topic not in self._ids:
            self._ids[topic] = topic_id(self._brokers, topic)
        return self._ids[topic] == letter.topic_id

    def _read(self, letter: DeadLetter) -> Record | None:
        topic = letter.topic
        if not self.has_topic_of(letter):
            return None
        reader = self._readers.get(topic)
        if reader is None:
            reader = self._readers[topic] = TopicReader(self._brokers, topic)
        bounds = reader.bounds()
        low, high = bounds.get(letter.partition, (0, 0))
        if not low <= letter.offset < high:
            return None
        start = {partition: end for partition, (_, end) in bounds.items()} | {letter.partition: letter.offset}
        ends = {letter.partition: letter.offset + 1}
        found = [record for record in reader.read(start, ends) if record.offset == letter.offset]
        return found[0] if found else None
