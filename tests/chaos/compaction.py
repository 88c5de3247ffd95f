"""Lets brokers compact the workers' changelogs every few seconds: what a zombie wrote late must also lose after that."""

import time
from threading import Event as Flag
from typing import Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError

from agents.app import changelog_of
from models.measures import Stream

OFTEN: Final = {"segment.ms": "10000", "min.cleanable.dirty.ratio": "0.1"}
"""Settings of the changelogs: the segment that is written is never compacted, and lasts a week otherwise."""
BROKER: Final = {"log.cleaner.backoff.ms": "1000"}
LOOK_SECONDS: Final = 0.5


def compact_often(brokers: str, over: Flag) -> None:
    """Set it as soon as the workers have created their changelogs, unless `over` comes first."""
    wanted = {changelog_of(name) for name in ("windows", *Stream)}
    admin = KafkaAdminClient(bootstrap_servers=brokers.split(","), request_timeout_ms=30_000)
    try:
        while not over.is_set():
            try:
                if wanted <= set(admin.list_topics()):
                    resources = [
                        ConfigResource(ConfigResourceType.TOPIC, name, configs=OFTEN)
                        for name in sorted(wanted)
                    ]
                    admin.alter_configs(resources)
                    return
            except KafkaError:
                pass  # a broker is away; the next look asks again
            time.sleep(LOOK_SECONDS)
    finally:
        admin.close()
