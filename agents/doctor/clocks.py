"""Clocks: ours against Redis's and against the newest records. Windows and lateness are about event time, appends are about the broker's.

Kafka tells no time. What it has stamped last says whether its clock is ahead of ours; that it is behind shows only while
records come.
"""

from collections.abc import Iterator
from typing import Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from agents.doctor.finding import Finding, ok, warning, wrong
from agents.kafkaclient import PATIENCE_SECONDS, KafkaAccess, confluent_config

AREA: Final = "clocks"
ANSWER_SECONDS: Final = 10.0
NEAR_SECONDS: Final = 1.0
FAR_SECONDS: Final = 5.0
"""Beyond it warnings' latencies, lateness and "stale" on pages are wrong by as much as people notice."""


def newest(access: KafkaAccess, topics: dict[str, int]) -> float | None:
    """Return the largest timestamp (Unix seconds) of any record in `topics` (name -> partitions); None without any.

    Raises:
        KafkaException: the cluster does not say.
    """
    admin = AdminClient({**confluent_config(access), "log_level": 0, "socket.timeout.ms": 10_000})
    wanted = {
        TopicPartition(name, number): OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
        for name, count in topics.items()
        for number in range(count)
    }
    found = []
    for future in admin.list_offsets(wanted, request_timeout=ANSWER_SECONDS).values() if wanted else ():
        try:
            stamp = future.result(ANSWER_SECONDS + PATIENCE_SECONDS).timestamp
        except KafkaException:
            continue
        if stamp > 0:
            found.append(stamp / 1000)
    return max(found, default=None)


def judge_broker(stamp: float | None, now: float) -> Iterator[Finding]:
    """Yield what the newest record says of the brokers' clock."""
    if stamp is None:
        yield warning(
            AREA,
            "no record has been written yet",
            "the brokers' clock cannot be compared",
            "look again when events come",
        )
        return
    ahead = stamp - now
    if ahead > FAR_SECONDS:
        yield wrong(
            AREA,
            f"the newest record was stamped {ahead:.1f} s ahead of this machine's clock",
            "a clock is wrong, here or on a broker: lateness, latencies and retention are, too",
            "synchronise both by NTP (chronyc tracking; timedatectl)",
        )
    elif ahead > NEAR_SECONDS:
        yield warning(
            AREA,
            f"the newest record was stamped {ahead:.1f} s ahead",
            "latencies are told too short",
            "look at NTP, here and there",
        )
    else:
        yield ok(
            AREA,
            f"the newest record was stamped {max(0.0, -ahead):.1f} s ago, none ahead of this machine's clock",
        )


def judge_redis(theirs: float, ours: float, round_trip: float) -> Iterator[Finding]:
    """Yield how far Redis's clock is from ours; half of the round trip may be either way."""
    difference = abs(theirs - ours)
    sure = max(0.0, difference - round_trip)
    if sure > FAR_SECONDS:
        yield wrong(
            AREA,
            f"the clock of Redis differs by {difference:.1f} s",
            "pages show entries as stale, or new ones as old",
            "synchronise both by NTP (chronyc tracking; timedatectl)",
        )
    elif sure > NEAR_SECONDS:
        yield warning(
            AREA,
            f"the clock of Redis differs by {difference:.1f} s",
            "ages on the board are off by that",
            "look at NTP, here and there",
        )
    else:
        yield ok(AREA, f"the clock of Redis agrees within {max(difference, round_trip):.1f} s")
