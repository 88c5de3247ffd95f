"""The console as people have it: `barometer console` on real Kafka and Redis beside a worker, and Chromium that looks at it.

Everything that a page shows comes from records in Kafka: a simulated operator's events, or transitions written as a worker
writes them. Nothing is put into Redis or into a page.
"""

import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from confluent_kafka import Producer
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from agents.democonsole import LABEL
from agents.embedded.guard import Guarded
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
from agents.recording import Envelope
from agents.replay import replay
from agents.settings import ENV_PREFIX
from agents.simulator.simulate import simulate
from agents.simulator.spec import Incident, IncidentKind, SimulationSpec, days_from
from models.annotated import WarningState
from models.cells import partition_of
from models.joined import Incident as Told
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import DAY, HOUR
from tests.real.pipeline import Pipeline, until
from topics.catalogue import ACTIVE_WARNINGS, EARLY_WARNINGS, INCIDENTS, WARNING_STATES
from topics.headers import cloudevent_headers

CHROMIUM: Final = Path("/usr/bin/chromium")
"""Of Debian; playwright's own browsers are another download."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
LOGIN: Final = "duty.officer"
"""Whoever started the console, as its actions say."""
HISTORY_DAYS: Final = 2
"""EW01 wants a day of history, and one more makes its expectation a little better known."""
MORNING: Final = (6, 10)
"""Local hours that are played. What goes wrong is not over when they are."""
SIMULATED_TO: Final = 11
WRONG: Final = (
    (IncidentKind.UNDERSTAFFED_HOTLINE, "51", 7, 11),
    (IncidentKind.FIBRE_CUT, "44", 8, 11),
    (IncidentKind.BILLING_ERROR, "33", 8, 11),
    (IncidentKind.HIDDEN_CUT, "37", 8, 11),
    (IncidentKind.PLANNED_WORK, "61", 8, 11),
    (IncidentKind.BAD_PRODUCER, "32", 8, 9),
)
SEEN: Final = """
window.seen = {};
new MutationObserver(() => {
  for (const one of document.querySelectorAll("[id^='w-']")) window.seen[one.id.slice(2)] ??= Date.now();
}).observe(document, { childList: true, subtree: true });
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.longTasks.push(Math.round(one.duration));
}).observe({ type: "longtask", buffered: true });
"""
"""Notes when each warning was first drawn, and every task of the browser that took longer than 50 ms."""


class Console:
    """One `barometer console` process."""

    def __init__(self, brokers: str, redis_url: str, scratch: Path, partitions: int, **settings: Any) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: Final[int] = probe.getsockname()[1]
        self._log = scratch / f"console-{self.port}.log"
        environment = {"brokers": brokers, "redis_url": redis_url, "partitions": partitions, **settings}
        self._process = Guarded(
            [
                *("env", "-u", "PYTEST_CURRENT_TEST", f"LOGNAME={LOGIN}"),
                *(f"{ENV_PREFIX}{name.upper()}={value}" for name, value in environment.items()),
                *(sys.executable, "-m", "agents.cli", "console", "--port", str(self.port)),
            ],
            log=self._log,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait(self) -> None:
        """Return when it says that it listens."""
        until(
            lambda: f"operations console at {self.url}" in self.log,
            "the console listens",
            seconds=90,
            told=lambda: self.log,
        )

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str]]:
        """Return status and headers of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()

    def close(self) -> None:
        self._process.close()


class Scene:
    """Kafka, Redis, one worker, one console, one browser; the world before the morning has been taken in."""

    def __init__(
        self,
        pipeline: Pipeline,
        redis: RedisServer,
        console: Console,
        browser: Browser,
        morning: list[Envelope],
        scratch: Path,
    ) -> None:
        self.pipeline = pipeline
        self.redis = redis
        self.console = console
        self.scratch = scratch
        self.asked: Final[list[str]] = []
        """Every address that the browser asked for."""
        self._browser = browser
        self._morning = morning
        self._producer = Producer({"bootstrap.servers": pipeline.brokers, "log_level": 2})

    @contextmanager
    def looking(
        self, path: str = "/en/board", *, console: Console | None = None, **context: Any
    ) -> Iterator[Page]:
        """Open a browser of its own at a page, and close it."""
        opened = self.context(**context)
        try:
            page = opened.new_page()
            page.goto(f"{(console or self.console).url}{path}")
            yield page
        finally:
            opened.close()

    def context(self, **options: Any) -> BrowserContext:
        # Nothing moves: what only pleases the eye is drawn sixty times a second, by the processor.
        still = {"viewport": {"width": 1600, "height": 900}, "reduced_motion": "reduce"}
        opened = self._browser.new_context(**{**still, **options})
        opened.add_init_script(SEEN)
        opened.on("request", lambda request: self.asked.append(request.url))
        return opened

    @property
    def strangers(self) -> list[str]:
        """Addresses outside this machine that were asked for."""
        return [
            url
            for url in self.asked
            if urlsplit(url).scheme in {"http", "https", "ws", "wss"}
            and urlsplit(url).hostname not in LOOPBACK
        ]

    def play(self, seconds: float) -> None:
        """Play the morning, in which a fibre is cut, in so many seconds."""
        span = (MORNING[1] - MORNING[0]) * HOUR
        assert replay(self._morning, self.pipeline.brokers, speed=span / seconds).complete

    def write(self, warnings: Iterable[EarlyWarning], *, ledger: bool = True) -> None:
        """Write transitions as a worker does, in both topics; without the ledger the duty desk does not hear of them."""
        for one in warnings:
            home = partition_of(one.cell, self.pipeline.settings.partitions)
            value = msgspec.json.encode(one)
            headers: Any = cloudevent_headers(
                f"{one.id}/{one.sequence}", "cx.warning.changed.v1", "2026-03-01T10:00:00Z"
            )
            is_over = one.transition == WarningTransition.CLEARED
            if ledger:
                self._producer.produce(EARLY_WARNINGS, value, one.id.encode(), home, headers=headers)
            self._producer.produce(
                ACTIVE_WARNINGS, None if is_over else value, one.id.encode(), home, headers=headers
            )
            self._producer.poll(0)
        assert self._producer.flush(30) == 0

    def tell(self, incident: Told, partition: int) -> None:
        """Write an incident as the owner of network faults does."""
        headers: Any = cloudevent_headers(
            f"{incident.id}/{incident.sequence}", "cx.incident.changed.v1", "2026-03-01T10:00:00Z"
        )
        value = msgspec.json.encode(incident)
        self._producer.produce(INCIDENTS, value, incident.id.encode(), partition, headers=headers)
        assert self._producer.flush(30) == 0

    def incidents(self) -> Mapping[str, tuple[Told, int]]:
        """Return the last record of each incident, and its partition."""
        decode = msgspec.json.Decoder(Told).decode
        return {
            told.id: (told, record.partition)
            for record in self.pipeline.records(INCIDENTS)
            for told in [decode(record.value or b"")]
        }

    def states(self) -> Mapping[str, WarningState]:
        """Return what the duty desk has written of each warning last."""
        decode = msgspec.json.Decoder(WarningState).decode
        return {
            (record.key or b"").decode(): decode(record.value)
            for record in self.pipeline.records(WARNING_STATES)
            if record.value is not None
        }

    def appended(self) -> dict[str, int]:
        """Return when the first transition of each warning was appended to the ledger, milliseconds."""
        found: dict[str, int] = {}
        for record in self.pipeline.records(EARLY_WARNINGS):
            found.setdefault((record.key or b"").decode(), record.time_ms)
        return found


@contextmanager
def scene(
    kafka: KafkaCluster, redis: RedisServer, scratch: Path, *, scale: float, **settings: Any
) -> Iterator[Scene]:
    """Start everything, and let the worker take in the days before the morning."""
    with Pipeline(kafka, scratch, partitions=2, heartbeats=False, redis_url=redis.url) as pipeline:
        (worker,) = pipeline.start()
        before, morning = _events(scale)
        assert replay(before, pipeline.brokers, heartbeats=False).complete
        worker.until(lambda: pipeline.committed() == pipeline.ends(), "the days before are taken in")
        console = Console(pipeline.brokers, redis.url, scratch, 2, console_label=LABEL, **settings)
        try:
            console.wait()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
                )
                try:
                    yield Scene(pipeline, redis, console, browser, morning, scratch)
                finally:
                    browser.close()
        finally:
            console.close()


def _events(scale: float) -> tuple[list[Envelope], list[Envelope]]:
    """Return the days before, and the morning in which things go wrong."""
    today = datetime.fromtimestamp(time.time(), UTC).date()
    day = days_from(today - timedelta(days=2), 1)[0]
    wrong = tuple(
        Incident(kind, (region,), day + start * HOUR, day + end * HOUR) for kind, region, start, end in WRONG
    )
    spec = SimulationSpec(
        day - HISTORY_DAYS * DAY, day + SIMULATED_TO * HOUR, seed=1, scale=scale, incidents=wrong
    )
    begins, ends = ((day + hour * HOUR) * 1_000 for hour in MORNING)
    before: list[Envelope] = []
    morning: list[Envelope] = []
    for envelope in simulate(spec):
        if envelope.heartbeat or envelope.time >= ends:
            # The incidents go on, and the recording ends.
            break
        (morning if morning or envelope.time >= begins else before).append(envelope)
    return before, morning
