"""A running worker: the pipeline in Faust's event loop, with its monitoring, until it is told to stop."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Thread
from time import monotonic, sleep
from typing import Final

import faust
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidSessionTimeoutError,
    TopicAuthorizationFailedError,
)
from mode import Service
from mode.utils.futures import maybe_cancel

from agents.app import APP_ID, Pipeline, changelog_of, create_pipeline
from agents.boardagent import TOPICS as BOARD_TOPICS
from agents.boardagent import BoardAgent, board_of
from agents.cli import EXIT_ENVIRONMENT
from agents.cluster import topic_ids
from agents.crashpoints import reach
from agents.duty.owner import DutyOwner
from agents.duty.policy import PolicyFile
from agents.faults.owner import FaultsOwner
from agents.faults.policies import load_policies
from agents.judging import judging
from agents.kafkaclient import access_of
from agents.kafkaprobe import look
from agents.permissions import REMEDY, Forbidden, refuse_forbidden
from agents.session import with_session
from agents.settings import DEMO_CUSTOMER_KEY, Settings
from agents.single.thread import Owner, OwnerThread
from agents.transport import BatchConsumer
from agents.wallclock import ClockSetBack, WallClock
from models.errors import BarometerError
from models.measures import Stream
from monitoring.health import Health
from monitoring.server import MonitoringServer
from topics.access import Acl, Role, acls
from topics.catalogue import EXCESSES, PANES, RULE_SET_REPORTS, input_of

log = logging.getLogger("barometer.worker")

LOOK_SECONDS: Final = 1.0
"""How often gauges and health facts are read."""
SOON_SECONDS: Final = 0.1
"""And how often while the worker is not ready: whoever waits for that need not wait for the next look."""
CLOCK_SECONDS: Final = 0.5
"""How often the wall clock is compared, by a thread of its own: an event loop that is busy would miss a step that is taken back."""
STOP_SECONDS: Final = 20.0
"""Longest orderly stop; then the process leaves at once. Nothing is lost: what was not committed is read again."""
EXIT_STUCK: Final = 1
EXIT_DEFECT: Final = 1
"""Something failed that nobody expected; what is expected to fail exits with `agents.cli.EXIT_ENVIRONMENT`."""
RIGHTS_LOST: Final = (
    TopicAuthorizationFailedError, GroupAuthorizationFailedError, ClusterAuthorizationFailedError,
)  # fmt: skip
"""What aiokafka raises where an ACL is missing."""


class SessionRefused(BarometerError):
    """The brokers do not allow the session timeout."""


class Monitoring(Service):
    """Serves /metrics and /health and keeps their facts, beside the Faust app in the same loop."""

    def __init__(
        self,
        pipeline: Pipeline,
        settings: Settings,
        on_ready: Callable[[str], None],
        board: BoardAgent | None = None,
    ) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._board = board
        self._health = Health(started=monotonic())
        self._server = MonitoringServer(
            settings.metrics_host, settings.metrics_port, pipeline.registry, self._health, monotonic
        )
        self._on_ready = on_ready
        self._was_ready = False
        pipeline.observer.metrics.watch(self._health, monotonic)

    async def on_start(self) -> None:
        await self._server.listen()
        log.info("metrics and health at %s", self._server.url)
        if self._board is not None:
            self._board.start()

    async def on_stop(self) -> None:
        await self._server.stop()
        if self._board is not None:
            await asyncio.to_thread(self._board.stop)

    @Service.task
    async def _look(self) -> None:
        app = self._pipeline.app
        core = self._pipeline.core
        while not self.should_stop:
            await asyncio.sleep(LOOK_SECONDS if self._pipeline.observer.is_ready else SOON_SECONDS)
            health = self._health
            health.beat(monotonic())
            if self._board is not None:
                health.redis_ok = self._board.redis_ok
                self._pipeline.observer.metrics.set_board_lags(self._board.lags)
            consumer = app.consumer
            if not isinstance(consumer, BatchConsumer):
                continue
            health.assigned = bool(core.live) or app.unassigned
            health.recovered = health.assigned and not app.in_recovery and not app.rebalancing
            health.broker_ok = consumer.broker_answers()
            self._pipeline.observer.is_ready = health.ready(monotonic()).ok
            self._pipeline.observer.look(core, consumer.highwater_of)
            if health.recovered and not self._was_ready:
                self._was_ready = True
                self._on_ready(f"{len(core.live)} partitions")


class _Worker(faust.Worker):
    """Faust's worker without its banner, with an end to every stop, and with one place where failures arrive."""

    failure: BaseException | None = None
    """What ended it, None after an orderly stop."""

    def run(self) -> None:
        """Run until a signal or a failure, and stop everything. What `execute_from_commandline` does, without its tracebacks."""
        self._starting_fut = asyncio.ensure_future(self.start(), loop=self.loop)
        try:
            self.loop.run_until_complete(self._starting_fut)
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - `serve` raises it
            self.failure = self.failure or error
        try:
            maybe_cancel(self._starting_fut)
            self.on_worker_shutdown()
            self.stop_and_shutdown()
        except Exception as error:  # noqa: BLE001 - as above; Faust raises here what crashed one of its services
            self.failure = self.failure or error

    def fail(self, error: Exception) -> None:
        """Stop because of `error`; called in the event loop."""
        self.failure = error
        if isinstance(error, BarometerError):
            log.critical("stopping: %s", error)
        else:
            log.critical("stopping because of a defect", exc_info=error)
        if self._signal_stop_future is None:
            self._watch_stop()
            self._signal_stop_future = asyncio.ensure_future(self._stop_failed(), loop=self.loop)

    async def _stop_failed(self) -> None:
        await self.stop()
        maybe_cancel(self._starting_fut)

    brokers = ""
    session_timeout_seconds = 0.0
    """For messages, as `brokers`; set before it runs."""

    async def on_first_start(self) -> None:
        # The parent class changes into its working directory and sets the process title; neither is wanted here.
        await super(faust.Worker, self).on_first_start()

    def _on_sigterm(self) -> None:
        self._watch_stop()
        super()._on_sigterm()

    def _on_sigint(self) -> None:
        self._watch_stop()
        super()._on_sigint()

    def _crash(self, reason: BaseException) -> None:
        if not self._crashed.is_set():
            # A crash ends with a stop too, which may wait for a consumer that is gone; it may come from another thread.
            self.loop.call_soon_threadsafe(self._watch_stop)
        super()._crash(reason)

    def _watch_stop(self) -> None:
        def leave() -> None:
            log.error("not stopped after %.0f s (is the broker down?): leaving at once", STOP_SECONDS)
            refusal = self.refusal(self.failure, self.crash_reason)
            if refusal is None:
                os._exit(EXIT_STUCK)
            sys.stderr.write(f"Error: {refusal}\n")
            sys.stderr.flush()
            os._exit(EXIT_ENVIRONMENT)

        self.loop.call_later(STOP_SECONDS, leave)

    def refusal(self, *reasons: BaseException | None) -> BarometerError | None:
        """Return what to tell where one of `reasons` is a refusal and no defect, else None."""
        for reason in reasons:
            if isinstance(reason, BarometerError):
                return reason
            if isinstance(reason, InvalidSessionTimeoutError):
                return SessionRefused(
                    f"Kafka at {self.brokers} allows no session timeout of {self.session_timeout_seconds:g} s. Set "
                    "BAROMETER_SESSION_TIMEOUT_SECONDS to one between the brokers' group.min.session.timeout.ms (6 s where nobody "
                    "has set it) and group.max.session.timeout.ms (30 min), or set those."
                )
            if isinstance(reason, RIGHTS_LOST):
                return Forbidden(
                    f"Kafka at {self.brokers} does not allow what a worker does: {reason}. {REMEDY}"
                )
        return None


def leave_when_set_back(clock: WallClock, exit_now: Callable[[int], object] = os._exit) -> None:
    """Look at the clock until it is set back; then leave at once, as a power cut would: no client can be relied on to stop in order."""
    try:
        while True:
            clock.look()
            sleep(CLOCK_SECONDS)
    except ClockSetBack as error:
        log.critical("leaving at once: %s", error)
        sys.stderr.write(f"Error: {error}\n")
        sys.stderr.flush()
        exit_now(EXIT_ENVIRONMENT)


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; returns when everything is flushed, committed and given back.

    Raises:
        PolicyRefused, OutageFileRefused: the policy of the duty desk, or what the settings name about outages, is wrong.
        BarometerError: the cluster, the settings or the state forbid a start, or to go on; the message says what to do.
        SystemExit: something failed that nobody expected.
    """
    if settings.customer_key.get_secret_value() == DEMO_CUSTOMER_KEY:
        log.warning("customer pseudonyms use the demo key; set BAROMETER_CUSTOMER_KEY")
    # What files say, before anything is asked of the cluster.
    judging(settings.model_file, settings.key_accounts_file)
    if settings.duty:
        PolicyFile(settings.duty_file)
    if settings.faults:
        load_policies(settings)
    access = access_of(settings)
    if access.security == "SASL_PLAINTEXT":
        log.warning("the connection to Kafka is not encrypted; set BAROMETER_KAFKA_SECURITY to SASL_SSL")
    if look(access):
        changelogs = (Acl("topic", changelog_of(table), ("Read", "Write")) for table in ("windows", *Stream))
        wanted = acls(Role.WORKER, heartbeats=settings.heartbeats, faults=settings.faults, duty=settings.duty)
        refuse_forbidden(access, (*wanted, *changelogs))
    settings = with_session(settings, access)
    board = board_of(settings)
    topics = [PANES, EXCESSES, *BOARD_TOPICS, *(input_of(stream) for stream in Stream)]
    ids = topic_ids(access, topics, settings.partitions)
    topic_ids(access, [RULE_SET_REPORTS], 1)
    pipeline = create_pipeline(settings, ids)
    agent = None
    if board is not None:
        observer = pipeline.observer
        agent = BoardAgent(
            settings, board, ids, facts=observer.facts, on_rebuild=observer.metrics.on_board_rebuild
        )
    reach("start")
    Thread(target=leave_when_set_back, args=(WallClock(),), name="clock", daemon=True).start()
    serve(pipeline, settings, agent)


def owners_of(settings: Settings, pipeline: Pipeline) -> Iterator[Owner]:
    """Yield what this worker is ready to own, of all workers that are one of each."""
    metrics = pipeline.observer.metrics
    if settings.faults:
        yield FaultsOwner(settings, metrics.faults)
    if settings.duty:
        yield DutyOwner(settings, metrics.duty, pipeline.frontier)


def serve(pipeline: Pipeline, settings: Settings, board: BoardAgent | None = None) -> None:
    """Run a pipeline in this thread until SIGTERM or SIGINT, and its board agent beside it.

    Raises:
        BarometerError: what ended it: nothing was flushed or committed afterwards.
        SystemExit: with `EXIT_DEFECT` for any other failure, whose traceback is in the log.
    """

    def ready(owned: str) -> None:
        log.info("ready: group %s, %s", APP_ID, owned)

    worker = _Worker(
        pipeline.app,
        Monitoring(pipeline, settings, ready, board),
        quiet=True,
        override_logging=False,
        redirect_stdouts=False,
        loglevel=None,
    )
    # It would write escape codes to standard output, terminal or not.
    worker.spinner = None
    worker.brokers = settings.brokers
    worker.session_timeout_seconds = settings.session_timeout_seconds
    pipeline.core.on_failed = worker.fail
    try:
        with ExitStack() as beside:
            owners = [
                beside.enter_context(OwnerThread(settings, owner)) for owner in owners_of(settings, pipeline)
            ]
            worker.run()
            # Where the broker does not answer each takes its time: side by side, not one after the other.
            for thread in owners:
                thread.leave()
    finally:
        pipeline.outbox.close()
    refusal = worker.refusal(worker.failure, worker.crash_reason)
    if refusal is not None:
        raise refusal
    if worker.failure is not None:
        log.critical("ended by a failure", exc_info=worker.failure)
        raise SystemExit(EXIT_DEFECT)
