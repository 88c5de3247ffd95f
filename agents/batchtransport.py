"""Faust's transport with the batch consumer, and topics that are created also while brokers come and go."""

import asyncio
import logging
from time import monotonic
from typing import Any, Final

import faust
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver

from agents.batch import BatchCore
from agents.transport import BatchConsumer

log = logging.getLogger(__name__)

CREATE_SECONDS: Final = 30.0
"""Longest wait, at a start, for a broker that creates topics."""
CREATE_PAUSE_SECONDS: Final = 0.5


class BatchTransport(driver.Transport):
    """Faust's aiokafka transport with the batch consumer."""

    Consumer = BatchConsumer

    core: BatchCore
    fetch_wait_ms: int

    async def _create_topic(self, *args: Any, **options: Any) -> None:
        """Create a topic as Faust does, and ask again while brokers come and go: it ends the worker at the first that does."""
        deadline = monotonic() + CREATE_SECONDS
        while True:
            try:
                await super()._create_topic(*args, **options)
            except (KafkaError, ConnectionError) as error:
                if not getattr(error, "retriable", True) or monotonic() > deadline:
                    raise
                log.warning("topics cannot be created now, will be tried again: %r", error)
                await asyncio.sleep(CREATE_PAUSE_SECONDS)
            else:
                return

    @classmethod
    def install(cls, app: faust.App, core: BatchCore, fetch_wait_ms: int) -> None:
        """Make `app` consume through the batch path."""
        transport = cls(app.conf.broker_consumer, app, loop=None)
        transport.core = core
        transport.fetch_wait_ms = fetch_wait_ms
        app.transport = transport
