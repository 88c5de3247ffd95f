"""Everything that pages share: the feed, what is beyond it, names, the zone, who may act, and how one asks without waiting.

One for each process; a `Visit` is one look of one browser at one page.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from threading import Lock
from time import time as wall_clock
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from models.annotated import HoldState, WarningState
from models.naming import Names
from monitoring.console.access import Access, Identity
from monitoring.console.feed import Feed
from monitoring.console.heat import Heats
from monitoring.console.limits import Limit
from monitoring.console.live import Hub
from monitoring.console.outgoing import Outgoing
from monitoring.console.picture import Picture
from monitoring.console.rows import RowBook
from monitoring.console.sources import Sources
from monitoring.console.texts import LANGUAGES, Language, Say, labelled
from monitoring.console.theme import Theme

ACTIONS_AT_ONCE: Final = 20
ACTIONS_PER_MINUTE: Final = 60.0
KEPT_SECONDS: Final = 10.0
"""For how long an answer from Kafka is good enough for the next who asks."""
APPLIED_SECONDS: Final = 2.0
"""And where the question is whether the duty desk has taken something in."""

Answer = TypeVar("Answer")


@dataclass
class Desk:
    """The process's one."""

    feed: Feed
    sources: Sources
    access: Access
    names: Names
    zone: ZoneInfo
    label: Mapping[Language, str] = field(default_factory=lambda: labelled(""))
    """What stands in the bar of every page, for example that data is simulated."""
    clock: Callable[[], float] = wall_clock
    limit: Limit = field(default_factory=lambda: Limit(ACTIONS_AT_ONCE, ACTIONS_PER_MINUTE))
    answers: dict[str, tuple[float, Any]] = field(default_factory=dict)
    asking: dict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def __post_init__(self) -> None:
        self.hub = Hub(lambda: self.feed.picture)
        self.heats = Heats()
        self.outgoing = Outgoing(lambda: self.feed.picture.states, self._applied, self.clock)
        self.books = {
            language: RowBook(language, self.names, self.zone, self.feed.rings) for language in LANGUAGES
        }

    def offset_seconds(self, now: float) -> int:
        """Return by how much the clocks of the zone are ahead of UTC at `now`."""
        offset = datetime.fromtimestamp(now, self.zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())

    def kept(self, name: str, ask: Callable[[], Answer], seconds: float = KEPT_SECONDS) -> Answer:
        """Return what `ask` says, or what it said less than `seconds` ago to whoever asked for `name`. May take its time."""
        # Whoever comes while another asks takes what that one is told.
        with self.asking[name]:
            known = self.answers.get(name)
            now = self.clock()
            if known is not None and 0 <= now - known[0] < seconds:
                answer: Answer = known[1]
                return answer
            answer = ask()
            self.answers[name] = now, answer
            return answer

    def _applied(self) -> Iterable[WarningState | HoldState]:
        states = self.kept("states", self.sources.states, APPLIED_SECONDS)
        return chain(states.values(), self.kept("holds", self.sources.holds, APPLIED_SECONDS))


@dataclass(frozen=True)
class Visit:
    """One look at one page."""

    desk: Desk
    language: Language
    theme: Theme
    identity: Identity
    say: Say
    page: str
    query: dict[str, str]

    @property
    def picture(self) -> Picture:
        return self.desk.feed.picture

    @property
    def book(self) -> RowBook:
        return self.desk.books[self.language]

    @property
    def is_zh(self) -> bool:
        return self.language == "zh"

    def path(self, page: str) -> str:
        """Return the address of a page in this visit's language."""
        return f"/{self.language}/{page}"
