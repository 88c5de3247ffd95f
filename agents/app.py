"""The composition root: from settings to a Faust app whose partitions are owned by the agents of this package."""

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import time as wall_clock
from typing import Any, Final

import faust
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from agents.batch import BatchCore, Route
from agents.batchtransport import BatchTransport
from agents.cli import release
from agents.intake import Handler, IntakeContext, IntakePartition
from agents.judging import judging
from agents.kafkaclient import access_of
from agents.observer import Observer
from agents.outbox import PRODUCED_BYTES_MAX, Outbox, producer_config
from agents.settings import Settings
from agents.statetable import StateTable, StateTables
from agents.streams import ComplaintHandler, CountingHandler, counting, known_values
from agents.transport import check_faust_version
from agents.windows import WindowsContext, WindowsPartition
from models.assess import Assessor
from models.calendar import Calendar
from models.capacity import dimension_values, refuse_wide_judges, refuse_wide_panes
from models.count import CellNamer
from models.history import History
from models.measures import Stream
from models.privacy import Pseudonymiser
from models.regions import load_regions
from models.route import load_router
from models.rule import RuleSet, RuleSource
from models.ruleorder import admitted
from models.rules import load_rules
from models.screen import ScreenPolicy
from models.taxonomy import load_taxonomy
from models.triage import load_triage
from monitoring.metrics import PipelineMetrics
from topics.catalogue import PANES, decoders, input_of

log = logging.getLogger(__name__)

APP_ID: Final = "barometer"
"""Consumer group and prefix of the changelogs."""


CHANGELOG: Final = {
    # A pane is one record there too, and Kafka's default is a megabyte.
    "max.message.bytes": str(PRODUCED_BYTES_MAX),
    # By the writer's clock, a broker refuses every record of a worker whose clock is more than an hour ahead.
    "message.timestamp.type": "LogAppendTime",
    # Whoever takes over reads the whole changelog. Panes and segments are written anew at each flush, and what stands in the
    # newest segment is never compacted: by default that is a gigabyte or a week, millions of records.
    "segment.ms": "300000",
    "segment.bytes": str(32 * 1024 * 1024),
    "min.cleanable.dirty.ratio": "0.25",
    "max.compaction.lag.ms": "1800000",
    # Longer than anybody reads. A tombstone that is missed hides nothing but what had been forgotten already.
    "delete.retention.ms": "3600000",
}
"""Settings of changelog topics, beside Faust's own."""


def changelog_of(name: str) -> str:
    """Return the name of the changelog topic of a table."""
    return f"{APP_ID}-{name}-changelog"


@dataclass(frozen=True)
class Pipeline:
    """A worker that is ready to start."""

    app: faust.App
    core: BatchCore
    outbox: Outbox
    observer: Observer
    registry: CollectorRegistry
    frontier: Callable[[Stream], int | None]
    """The time up to which a stream's panes are closed, as far as this worker knows; None where it owns no windows."""


def create_pipeline(
    settings: Settings, topic_ids: dict[str, str], *, clock: Callable[[], float] = wall_clock
) -> Pipeline:
    """Build the worker. `topic_ids` are those of the inputs and of `panes`, as the cluster has them.

    Nothing is connected before the app is started.

    Raises:
        ContractError: the installed Faust is not the one that the batch path was written for.
        ContractError: the dimensions or rules may make records that no topic can hold.
        DataFileError: a rule set or another data file is wrong.
    """
    check_faust_version()
    registry = CollectorRegistry()
    observer = Observer(PipelineMetrics(registry, clock), clock)
    # With a logger of ours librdkafka's lines are limited, masked and, where wanted, JSON; it writes to stderr otherwise.
    producer = Producer(
        producer_config(access_of(settings), settings.linger_ms, {"logger": logging.getLogger("rdkafka")})
    )
    outbox = Outbox(producer)
    outbox.on_flush_seconds = observer.metrics.on_flush
    version = judging(settings.model_file, settings.key_accounts_file).version
    values = dimension_values(load_regions(), load_taxonomy())
    refuse_wide_panes(settings.dimensions, values)
    rules = load_rules(settings.rules_file, settings.dimensions)
    refuse_wide_judges(rules, settings.partitions, values)
    observer.metrics.set_build(release(), version, rules.version)
    calendar = Calendar(settings.zone, settings.holidays, log.warning)

    def admit(name: str, source: RuleSource) -> RuleSet:
        return admitted(name, source, settings.dimensions, settings.partitions, values)

    windows = WindowsContext(
        topic=PANES,
        topic_id=topic_ids[PANES],
        source_ids={stream: topic_ids[input_of(stream)] for stream in Stream},
        version=f"{version}-{calendar.version}-{rules.version}",
        rules=rules,
        calendar=calendar,
        partitions=settings.partitions,
        changelog=changelog_of("windows"),
        outbox=outbox,
        on_warning=observer.warning,
        on_notice=observer.notice,
        clock=clock,
        admit=admit,
        on_report=observer.rules,
    )
    live: list[BatchCore] = []

    def siblings(stream: Stream) -> int | None:
        for core in live:
            for agent in core.live.values():
                if isinstance(agent, WindowsPartition):
                    return agent.lowest_watermark(stream)
        return None

    handler_of = handlers(settings, topic_ids, version, observer)
    decoder_of = decoders()
    routes = [Route(PANES, windows.changelog, partial(WindowsPartition, windows))]
    for stream in Stream:
        topic = input_of(stream)
        context = IntakeContext(
            stream=stream,
            topic=topic,
            topic_id=topic_ids[topic],
            version=version,
            partitions=settings.partitions,
            changelog=changelog_of(stream),
            decoder=decoder_of[topic],
            policy=ScreenPolicy(
                settings.allowed_lateness_seconds,
                settings.future_tolerance_seconds,
                settings.retention_seconds,
            ),
            outbox=outbox,
            dead_letter_ratio_max=settings.dead_letter_ratio_max,
            dead_letter_window=settings.dead_letter_window,
            heartbeats=settings.heartbeats,
            report=observer.batch,
            siblings=siblings,
            on_heartbeat=observer.heartbeat,
            clock=clock,
        )
        routes.append(
            Route(
                topic, context.changelog, partial(IntakePartition, context, make_handler=handler_of[stream])
            )
        )
    core = BatchCore(
        outbox,
        routes,
        flush_interval_seconds=settings.flush_interval_seconds,
        flushes_open_max=settings.flushes_open_max,
        idle_after_seconds=settings.idle_after_seconds,
    )
    core.on_lost_offsets = observer.lost
    core.on_recovered = observer.recovered
    live.append(core)
    app = _faust_app(settings, core)
    spare_the_collector()
    return Pipeline(app, core, outbox, observer, registry, siblings)


def spare_the_collector() -> None:
    """Keep the cyclic garbage collector from what lives as long as the process, and let it come less often.

    A batch makes tens of thousands of small objects, none of them in a cycle: at the default threshold of 700 the collector
    took a seventh of a worker's time to find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)
    gc.enable()


def handlers(
    settings: Settings, topic_ids: dict[str, str], version: str, observer: Observer
) -> dict[Stream, Callable[[int, History], Handler]]:
    """Return, for each stream, what makes the handler of one of its partitions."""
    taxonomy = load_taxonomy()
    known = known_values(load_regions(), taxonomy)
    judge, _, key_accounts = judging(settings.model_file, settings.key_accounts_file)
    assessor = Assessor(
        judge,
        load_triage(),
        load_router(),
        Pseudonymiser(settings.customer_key.get_secret_value().encode()),
        version,
        key_accounts,
    )
    complaints_id = topic_ids[input_of(Stream.COMPLAINTS)]

    def complaint_handler(partition: int, history: History) -> Handler:
        namer = CellNamer(settings.dimensions[Stream.COMPLAINTS], known)
        return ComplaintHandler(assessor, namer, complaints_id, partition, history, observer)

    def counting_handler(stream: Stream) -> Callable[[int, History], Handler]:
        def make(partition: int, history: History) -> Handler:
            namer = CellNamer(settings.dimensions[stream], known)
            return CountingHandler(namer, counting(stream, settings.answer_threshold_seconds))

        return make

    return {
        stream: complaint_handler if stream is Stream.COMPLAINTS else counting_handler(stream)
        for stream in Stream
    }


def _faust_app(settings: Settings, core: BatchCore) -> faust.App:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        APP_ID,
        broker=[f"kafka://{broker}" for broker in settings.brokers.split(",")],
        broker_credentials=access_of(settings).faust(),
        store="memory://",
        TableManager=StateTables,
        datadir=str(Path(settings.data_dir).resolve()),
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        web_enabled=False,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.heartbeat_interval_seconds,
        broker_commit_interval=settings.flush_interval_seconds,
        broker_max_poll_records=settings.batch_records_max,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance_id or None,
        stream_wait_empty=True,
        # A standby would fold changelogs a second time; a takeover reads them whole in about a second.
        table_standby_replicas=0,
    )
    BatchTransport.install(app, core, settings.fetch_wait_ms)
    for route in core.routes.values():
        app.topics.add(
            app.topic(route.topic, key_type=bytes, value_type=bytes, value_serializer="raw", acks=False)
        )
        name = route.changelog.removeprefix(f"{APP_ID}-").removesuffix("-changelog")
        table: Any = StateTable(
            app,
            name=name,
            partitions=settings.partitions,
            key_type=bytes,
            value_type=bytes,
            extra_topic_configs=CHANGELOG,
        )
        app.tables.add(table)
    return app
