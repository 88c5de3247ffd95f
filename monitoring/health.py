"""Is this worker alive, and is it ready? Pure checks over facts that the shell sets.

Times are seconds of any one monotonic clock and are always passed in. Nothing here asks a broker, reads a
clock or decides what happens to an unhealthy worker.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """How patient the checks are."""

    beat_age_max_seconds: float = 30.0
    """A loop that has not run for this long is stuck: five times the default session timeout, after which
    the group has given the partitions away anyway."""


@dataclass(frozen=True, slots=True)
class Check:
    """A verdict with everything that led to it."""

    ok: bool
    reasons: tuple[str, ...] = ()
    """Why it is not ok, one sentence each; empty when it is."""
    notes: tuple[str, ...] = ()
    """What is wrong without making the verdict bad, for example a Redis that does not answer."""


@dataclass(slots=True)
class Health:
    """The facts of one worker. The shell assigns them as they change; `started` is the time of its creation.

    A worker that was assigned no partitions at all (more workers than partitions) is assigned and recovered.
    """

    started: float
    policy: HealthPolicy = field(default_factory=HealthPolicy)
    assigned: bool = False
    """The group has told this worker which partitions it has. False again while a rebalance is under way."""
    recovered: bool = False
    """The state of every assigned partition has been folded from the changelogs."""
    last_loop_beat: float | None = None
    """When the event loop last ran its beat."""
    broker_ok: bool | None = None
    """Whether Kafka answered when last asked; None before that."""
    redis_ok: bool | None = None
    """Whether Redis answered when last asked; None where it is not used. Never fatal: it holds a projection
    only."""
    stopped: str = ""
    """Why the worker refuses to go on (too many dead letters, foreign version, ...). Fatal once set."""

    def beat(self, now: float) -> None:
        """Record that the event loop runs. Time never goes back: an older `now` changes nothing."""
        if self.last_loop_beat is None or now > self.last_loop_beat:
            self.last_loop_beat = now

    def live(self, now: float) -> Check:
        """Tell whether a restart is not needed: the loop runs and nothing fatal was found.

        A broker outage leaves the worker live, since a restart cannot mend it.
        """
        reasons = []
        if self.stopped:
            reasons.append(f"the worker has stopped: {self.stopped}")
        age = now - (self.started if self.last_loop_beat is None else self.last_loop_beat)
        if age > self.policy.beat_age_max_seconds:
            limit = self.policy.beat_age_max_seconds
            reasons.append(f"the event loop has not run for {age:.0f} s (limit {limit:.0f} s)")
        return Check(not reasons, tuple(reasons), self._notes())

    def ready(self, now: float) -> Check:
        """Tell whether records are being processed: live, assigned, recovered, and the broker answers."""
        reasons = list(self.live(now).reasons)
        if self.broker_ok is None:
            reasons.append("the broker has not answered yet")
        elif not self.broker_ok:
            reasons.append("the broker does not answer")
        if not self.assigned:
            reasons.append("no partitions have been assigned yet")
        elif not self.recovered:
            reasons.append("state is still being recovered")
        return Check(not reasons, tuple(reasons), self._notes())

    def _notes(self) -> tuple[str, ...]:
        if self.redis_ok is False:
            return ("redis does not answer; the live board is behind, processing goes on",)
        return ()
