"""The demo: an embedded Kafka and Redis, two workers, a week of simulated history and a morning that goes wrong while people watch.

The morning is played faster than it happened. In its middle Redis is killed and loses everything, and one worker is killed,
as a power cut would; at the end everything is recomputed from the source, which shows whether anybody could tell. All data is simulated, and says so.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from rich.text import Text

from agents.boardagent import board_of
from agents.cluster import BrokerUnreachable
from agents.democonsole import DemoConsole
from agents.demoguide import Guide, said
from agents.embedded.guard import Guarded
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
from agents.lines import Language, Lines
from agents.reading import BEGINNING, TopicReader
from agents.recording import Envelope
from agents.replay import replay
from agents.settings import Settings, load_settings
from agents.simulator.simulate import simulate
from agents.simulator.spec import Incident, IncidentKind, SimulationSpec, days_from
from agents.sources import no_variables
from agents.verify.board import BOARD_TABLE
from agents.verify.report import VerifyReport
from agents.verify.run import verify
from models.outcomes import EarlyWarning, WarningTransition
from models.pane import HOUR
from monitoring.redisclient import RedisFault
from topics.catalogue import DEAD_LETTERS, EARLY_WARNINGS, catalogue
from topics.provision import provision

HISTORY_DAYS: Final = 7
"""Before the morning: two observations of most hours, and the shortest history that EW01 asks for several times over."""
MORNING: Final = (6, 15)
"""Local hours of the last day that are played while people watch."""
INCIDENTS: Final = (
    (IncidentKind.UNDERSTAFFED_HOTLINE, "51", 7, 9),
    (IncidentKind.FIBRE_CUT, "44", 8, 10),
    (IncidentKind.BILLING_ERROR, "33", 10, 12),
    (IncidentKind.HIDDEN_CUT, "37", 11, 13),
)
"""What goes wrong: kind, province, from and to (local hours)."""
REDIS_KILL_AT: Final = 0.3
"""Share of the morning after which Redis is killed; it keeps nothing and comes back empty."""
REDIS_AWAY: Final = 0.05
"""Share of the morning for which it is away."""
KILL_AT: Final = 0.5
"""Share of the morning after which a worker is killed."""
AWAY_SECONDS: Final = 4.0
"""How long the killed worker stays away before it is started again."""
CAUGHT_UP_SECONDS: Final = 90.0
READY_SECONDS: Final = 1.5
"""How often the workers are asked how far they are; they tell it about once a second."""
SESSION_SECONDS: Final = 3.0
"""Session timeout of the demo's workers: how long the group waits for the one that is killed."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What is shown. `seconds` is how long the morning takes; history and the final recomputation come on top."""

    seconds: float = 90.0
    seed: int = 1
    scale: float = 0.3
    language: Language = "en"
    stay: bool = False
    """Leave everything running at the end until Ctrl-C."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo saw, counted from the topics."""

    events_in: int
    classified: int
    dead_letters: int
    warnings_raised: int
    warnings_cleared: int
    report: VerifyReport

    @property
    def is_board_clean(self) -> bool:
        """Whether the board was right, although Redis was killed and emptied."""
        return not any(table.differences for table in self.report.tables if table.name == BOARD_TABLE)


Say = Callable[[object], None]


def run_demo(plan: DemoPlan, now: datetime, say: Say) -> DemoResult:
    """Run the demo whole. `say` prints one line (text, or rich text).

    Settings of the user's environment are for workers of theirs: neither the demo nor its workers see them.

    Raises:
        BarometerError: a part cannot be had or does not start; the message says what to do.
        KeyboardInterrupt: people had enough; everything is stopped and removed all the same.
    """
    with ExitStack() as stack:
        stack.enter_context(no_variables())
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="barometer-demo-")))
        console = DemoConsole.on_a_free_port(plan.language, scratch)
        if console is not None:
            say(Text(said(plan.language, "console", address=console.address), style="bold"))
        begun = monotonic()
        cluster = stack.enter_context(KafkaCluster())
        say(said(plan.language, "kafka", at=cluster.bootstrap, seconds=monotonic() - begun))
        redis = stack.enter_context(RedisServer())
        settings = load_settings(
            brokers=cluster.bootstrap,
            redis_url=redis.url,
            metrics_port=0,
            data_dir=scratch,
            session_timeout_seconds=SESSION_SECONDS,
        )
        provision(settings.brokers, catalogue(), partitions=settings.partitions, replication=1)
        if console is not None:
            stack.enter_context(console.running(settings))
        today = now.astimezone(ZoneInfo(settings.zone)).date()
        address = None if console is None else console.address
        return _Demo(plan, today, settings, redis, scratch, address, say).run(stack)


class _Demo:
    def __init__(
        self,
        plan: DemoPlan,
        today: date,
        settings: Settings,
        redis: RedisServer,
        scratch: Path,
        address: str | None,
        say: Say,
    ) -> None:
        self._plan = plan
        self._redis = redis
        self._settings = settings
        self._scratch = scratch
        self._say = say
        self._zone = ZoneInfo(settings.zone)
        self._lines = Lines.load(plan.language, self._zone)
        self._day = days_from(today - timedelta(days=2), 1)[0]
        self._begins = self._day + MORNING[0] * HOUR
        self._ends = self._day + MORNING[1] * HOUR
        self._incidents = tuple(
            Incident(kind, (region,), self._day + start * HOUR, self._day + end * HOUR)
            for kind, region, start, end in INCIDENTS
        )
        self._guide = Guide(
            self._incidents,
            self._begins,
            self._ends,
            plan.seconds,
            plan.language,
            self._zone,
            self._lines.names,
            address,
        )
        self._sent = 0
        self._workers: list[Guarded] = []

    def run(self, stack: ExitStack) -> DemoResult:
        envelopes = simulate(self._spec())
        self._tell("workers")
        for number in range(2):
            self._workers.append(self._start(number))
        stack.callback(self._close)
        stop = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(stop,), daemon=True)
        watcher.start()
        try:
            first = self._history(envelopes)
            self._morning(chain([first], envelopes), stop)
            report = self._verify()
            if self._plan.stay:
                self._stay()
        finally:
            stop.set()
            watcher.join(timeout=10)
        return self._count(report)

    def _spec(self) -> SimulationSpec:
        return SimulationSpec(
            start=self._day - HISTORY_DAYS * 24 * HOUR,
            end=self._ends,
            seed=self._plan.seed,
            scale=self._plan.scale,
            incidents=self._incidents,
        )

    def _start(self, number: int) -> Guarded:
        settings = self._settings
        command = [
            *("env", f"BAROMETER_DATA_DIR={self._scratch / f'worker-{number}'}"),
            f"BAROMETER_REDIS_URL={settings.redis_url.get_secret_value()}",
            f"BAROMETER_SESSION_TIMEOUT_SECONDS={settings.session_timeout_seconds}",
            *(
                sys.executable,
                "-m",
                "agents.cli",
                "worker",
                "--brokers",
                settings.brokers,
                "--metrics-port",
                "0",
            ),
        ]
        return Guarded(command, log=self._scratch / f"worker-{number}.log")

    def _close(self) -> None:
        for worker in self._workers:
            worker.close()

    def _history(self, envelopes: Iterator[Envelope]) -> Envelope:
        """Send what was before the morning, as fast as possible; return the first event of the morning."""
        begun = monotonic()
        held: list[Envelope] = []

        def before() -> Iterator[Envelope]:
            for envelope in envelopes:
                if envelope.heartbeat or envelope.time >= self._begins * 1000:
                    held.append(envelope)
                    return
                yield envelope

        report = replay(before(), self._settings.brokers, heartbeats=False)
        self._sent += report.delivered
        self._tell("history", count=report.delivered, days=HISTORY_DAYS, seconds=monotonic() - begun)
        # While workers are behind, nothing of the morning would be seen when it is told.
        if self._are_ready():
            self._tell("ready", seconds=monotonic() - begun)
        return held[0]

    def _are_ready(self) -> bool:
        """Wait until the workers have taken in what was sent, by what they tell themselves; return whether they have."""
        board, deadline = board_of(self._settings), monotonic() + CAUGHT_UP_SECONDS
        if board is None:
            return False
        before = -1
        with closing(board):
            while monotonic() < deadline:
                with suppress(RedisFault):
                    workers = board.look(self._settings.partitions).workers
                    places = [place for one in workers for place in one.get("partitions") or ()]
                    events = sum(int(one.get("events", 0)) for one in workers)
                    if events == before > 0 and not any(place.get("lag") for place in places):
                        return True
                    before = events
                sleep(READY_SECONDS)
        return False

    def _tell(self, name: str, *, style: str = "", **values: object) -> None:
        self._say(Text(said(self._plan.language, name, **values), style=style))

    def _morning(self, envelopes: Iterator[Envelope], stop: threading.Event) -> None:
        speed = (self._ends - self._begins) / self._plan.seconds
        day = datetime.fromtimestamp(self._day, self._zone).date()
        self._tell("morning", day=day, speed=speed, count=len(self._incidents))
        chaos = threading.Thread(target=self._break_things, daemon=True)
        guide = threading.Thread(target=self._announce, args=(stop,), daemon=True)
        chaos.start()
        guide.start()
        report = replay(envelopes, self._settings.brokers, speed=speed)
        self._sent += report.delivered
        chaos.join()

    def _announce(self, stop: threading.Event) -> None:
        """Say what is about to happen when it is due."""
        begun = monotonic()
        for cue in self._guide.cues():
            if stop.wait(max(0.0, begun + cue.at - monotonic())):
                return
            self._say(Text(cue.text, style="bold cyan"))

    def _break_things(self) -> None:
        sleep(self._plan.seconds * REDIS_KILL_AT)
        self._redis.kill()
        self._tell("redis.killed", style="bold red")
        sleep(self._plan.seconds * REDIS_AWAY)
        self._redis.restart()
        self._tell("redis.back")
        sleep(self._plan.seconds * (KILL_AT - REDIS_KILL_AT - REDIS_AWAY))
        victim = self._workers[0]
        self._tell("worker.killed", style="bold red", pid=victim.pid)
        victim.kill()
        victim.close()
        sleep(min(AWAY_SECONDS, self._plan.seconds / 10))
        self._workers[0] = self._start(0)
        self._tell("worker.back")

    def _watch(self, stop: threading.Event) -> None:
        decoder = msgspec.json.Decoder(EarlyWarning)
        seen: set[tuple[str, int]] = set()
        with TopicReader(self._settings.brokers, EARLY_WARNINGS) as reader:
            for record in reader.follow(dict.fromkeys(reader.partitions, BEGINNING)):
                if stop.is_set():
                    return
                if record is None or record.value is None:
                    continue
                warning = decoder.decode(record.value)
                if (warning.id, warning.sequence) not in seen:
                    seen.add((warning.id, warning.sequence))
                    self._say(self._lines.warning(warning))
                    if met := self._guide.met(warning):
                        self._say(Text(met, style="bold cyan"))

    def _verify(self) -> VerifyReport:
        self._tell("over")
        for number, worker in enumerate(self._workers):
            code = worker.exit_code()
            if code is not None:
                log = (self._scratch / f"worker-{number}.log").read_text(errors="replace")
                raise BrokerUnreachable(f"worker {number} has ended with exit code {code}:\n{log[-3000:]}")
        board = board_of(self._settings)
        return verify(self._settings.brokers, self._settings, wait_seconds=CAUGHT_UP_SECONDS, board=board)

    def _stay(self) -> None:
        self._tell("stay")
        with suppress(KeyboardInterrupt):
            while True:
                sleep(1)

    def _count(self, report: VerifyReport) -> DemoResult:
        decoder = msgspec.json.Decoder(EarlyWarning)
        transitions: dict[tuple[str, int], str] = {}
        with TopicReader(self._settings.brokers, EARLY_WARNINGS) as reader:
            for record in reader.read():
                if record.value is not None:
                    warning = decoder.decode(record.value)
                    transitions[warning.id, warning.sequence] = warning.transition
        with TopicReader(self._settings.brokers, DEAD_LETTERS) as reader:
            letters = {record.key for record in reader.read()}
        kinds = list(transitions.values())
        classified = next(table.compared for table in report.tables if table.name == "classified complaints")
        return DemoResult(
            events_in=self._sent,
            classified=classified,
            dead_letters=len(letters),
            warnings_raised=kinds.count(WarningTransition.RAISED),
            warnings_cleared=kinds.count(WarningTransition.CLEARED),
            report=report,
        )
