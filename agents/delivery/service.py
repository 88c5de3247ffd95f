"""The process of `barometer deliver`: metrics and health, and the thread that delivers, until it is told to stop."""

import asyncio
import logging
import signal
from time import monotonic
from time import time as wall_clock
from typing import Final

from prometheus_client import CollectorRegistry

from agents.cluster import topic_ids
from agents.delivery.deliverer import DelivererOwner
from agents.delivery.receivers import load_targets
from agents.kafkaclient import access_of
from agents.kafkaprobe import look
from agents.permissions import refuse_forbidden
from agents.settings import Settings
from agents.single.thread import OwnerThread
from monitoring.delivery import DeliveryMetrics, watch
from monitoring.health import Health
from monitoring.server import MonitoringServer
from topics.access import Role, acls
from topics.catalogue import DELIVERY_FAILURES, NOTIFICATIONS

log = logging.getLogger("barometer.deliver")

BEAT_SECONDS: Final = 1.0


def run_deliverer(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        ReceiversRefused: the receivers cannot be used.
        BarometerError: the cluster or the settings forbid a start; the message says what to do.
    """
    targets = load_targets(settings.receivers_file)
    access = access_of(settings)
    if look(access):
        refuse_forbidden(access, acls(Role.DELIVERER), who=Role.DELIVERER)
    topic_ids(access, [NOTIFICATIONS], settings.partitions)
    topic_ids(access, [DELIVERY_FAILURES], 1)
    registry = CollectorRegistry()
    metrics = DeliveryMetrics(registry, wall_clock)
    owner = DelivererOwner(settings, targets, metrics)
    for target in targets:
        log.info("receiver %s: %s at %s", target.id, target.kind, target.host)
    asyncio.run(_serve(settings, owner, registry))


async def _serve(settings: Settings, owner: DelivererOwner, registry: CollectorRegistry) -> None:
    # Whoever stands by is as ready as whoever delivers.
    health = Health(started=monotonic(), assigned=True, recovered=True, broker_ok=True)
    watch(registry, lambda: health.ready(monotonic()).ok, lambda: health.broker_ok)
    server = MonitoringServer(settings.metrics_host, settings.metrics_port, registry, health, monotonic)
    await server.listen(" (a worker may have this one)")
    log.info("metrics and health at %s", server.url)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    thread = OwnerThread(settings, owner)
    thread.__enter__()
    try:
        while not stop.is_set():
            health.beat(monotonic())
            health.broker_ok = not owner.failing_now
            try:
                await asyncio.wait_for(stop.wait(), BEAT_SECONDS)
            except TimeoutError:
                continue
    finally:
        log.info("stopping")
        await asyncio.to_thread(thread.__exit__, None, None, None)
        await server.stop()
