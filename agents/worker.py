"""A running worker: the pipeline in Faust's event loop, with its monitoring, until it is told to stop."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import nullcontext
from time import monotonic
from typing import Final

import faust
from mode import Service

from agents.app import APP_ID, Pipeline, create_pipeline
from agents.cluster import topic_ids
from agents.faults.thread import FaultsThread
from agents.settings import DEMO_CUSTOMER_KEY, Settings
from agents.transport import BatchConsumer
from models.measures import Stream
from monitoring.health import Health
from monitoring.server import MonitoringServer
from topics.catalogue import PANES, input_of

log = logging.getLogger("barometer.worker")

LOOK_SECONDS: Final = 1.0
"""How often gauges and health facts are read."""
STOP_SECONDS: Final = 20.0
"""Longest orderly stop; then the process leaves at once. Nothing is lost: what was not committed is read again."""
EXIT_STUCK: Final = 1


class Monitoring(Service):
    """Serves /metrics and /health and keeps their facts, beside the Faust app in the same loop."""

    def __init__(self, pipeline: Pipeline, settings: Settings, on_ready: Callable[[str], None]) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._health = Health(started=monotonic())
        self._server = MonitoringServer(
            settings.metrics_host, settings.metrics_port, pipeline.registry, self._health, monotonic
        )
        self._on_ready = on_ready
        self._was_ready = False
        pipeline.observer.metrics.watch(self._health, monotonic)

    async def on_start(self) -> None:
        await self._server.start()
        log.info("metrics and health at %s", self._server.url)

    async def on_stop(self) -> None:
        await self._server.stop()

    @Service.task
    async def _look(self) -> None:
        app = self._pipeline.app
        core = self._pipeline.core
        while not self.should_stop:
            await asyncio.sleep(LOOK_SECONDS)
            health = self._health
            health.beat(monotonic())
            consumer = app.consumer
            if not isinstance(consumer, BatchConsumer):
                continue
            health.assigned = bool(core.live) or app.unassigned
            health.recovered = health.assigned and not app.in_recovery and not app.rebalancing
            health.broker_ok = consumer.broker_answers()
            self._pipeline.observer.look(core, consumer.highwater_of)
            if health.recovered and not self._was_ready:
                self._was_ready = True
                self._on_ready(f"{len(core.live)} partitions")


class _Worker(faust.Worker):
    """Faust's worker without its banner, and with an end to every stop."""

    async def on_first_start(self) -> None:
        # The parent class changes into its working directory and sets the process title; neither is wanted here.
        await super(faust.Worker, self).on_first_start()

    def _on_sigterm(self) -> None:
        self._watch_stop()
        super()._on_sigterm()

    def _on_sigint(self) -> None:
        self._watch_stop()
        super()._on_sigint()

    def _watch_stop(self) -> None:
        def leave() -> None:
            log.error("not stopped after %.0f s (is the broker down?): leaving at once", STOP_SECONDS)
            os._exit(EXIT_STUCK)

        self.loop.call_later(STOP_SECONDS, leave)


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; returns when everything is flushed, committed and given back.

    Raises:
        BarometerError: the cluster, the settings or the state forbid a start; the message says what to do.
    """
    if settings.customer_key.get_secret_value() == DEMO_CUSTOMER_KEY:
        log.warning("customer pseudonyms use the demo key; set BAROMETER_CUSTOMER_KEY")
    topics = [PANES, *(input_of(stream) for stream in Stream)]
    pipeline = create_pipeline(settings, topic_ids(settings.brokers, topics, settings.partitions))
    serve(pipeline, settings)


def serve(pipeline: Pipeline, settings: Settings) -> None:
    """Run a pipeline in this thread until SIGTERM or SIGINT."""

    def ready(owned: str) -> None:
        log.info("ready: group %s, %s", APP_ID, owned)

    worker = _Worker(
        pipeline.app,
        Monitoring(pipeline, settings, ready),
        quiet=True,
        override_logging=False,
        redirect_stdouts=False,
        loglevel=None,
    )
    # It would write escape codes to standard output, terminal or not.
    worker.spinner = None
    try:
        with FaultsThread(settings, pipeline.observer.metrics.faults) if settings.faults else nullcontext():
            worker.execute_from_commandline()
    except SystemExit as leave:
        if leave.code not in (None, 0):
            raise
    finally:
        pipeline.outbox.close()
