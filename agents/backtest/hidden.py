"""Suspected hidden outages (EW18) of a recording: the desk of the owner of network faults, on event time.

    topology, faults ─────────────────┐
    complaints ── judged by intake ───┴─> Desk, looked at once a minute ──> suspicions ──> alarms of EW18

Owns what is handed to that desk and when it looks; what it suspects is `models.suspicion`, the workers' own. It decides
nothing of the ledger, which knows neither faults nor elements: its alarms stand beside it. The cell of an alarm is the region
and the element that was named when it was raised. It is told when it is raised, and when it becomes worse, at the end of the
minute that decided.
"""

from typing import Final
from zoneinfo import ZoneInfo

from agents.backtest.scoring import Alarm
from agents.faults.arrived import element_of, facts_of, report_of
from agents.faults.policies import load_policies
from agents.recording import Envelope
from agents.settings import Settings
from agents.single.arrived import Arrived
from models.cells import cell_of
from models.errors import RejectedEvent
from models.events import PerceivedSeverity
from models.explains import load_explanations
from models.held import Stamp
from models.incident import Change
from models.iso import seconds_of
from models.joined import Incident
from models.joining import Desk
from models.naming import load_names
from models.outcomes import ClassifiedComplaint
from models.pane import MINUTE
from models.regions import UNKNOWN
from models.severity import rank
from models.suspicion import LATENESS
from topics.catalogue import NETWORK_FAULTS, NETWORK_TOPOLOGY, decoders

RULE: Final = "EW18"
NAME: Final = "Suspected hidden outage"
TOPICS: Final = frozenset({NETWORK_FAULTS, NETWORK_TOPOLOGY})
"""What the desk reads beside the complaints."""


class HiddenOutages:
    """Of one recording.

    Args:
        settings: those of the workers.
        appended: append time of every event, epoch seconds.
        source: CloudEvents source of events that state none.
    """

    def __init__(self, settings: Settings, appended: int, source: str) -> None:
        policies = load_policies(settings)
        self.is_on = False
        """Whether the recording has a topology so far: without one nothing can be suspected."""
        self._desk = Desk(
            settings.partitions,
            load_explanations(),
            load_names(),
            zone=ZoneInfo(settings.zone),
            sizes=policies.sizes,
            notices=policies.notices,
        )
        self._tolerance = settings.future_tolerance_seconds
        self._appended_ms = appended * 1000
        self._source = source
        self._number = 0
        self._newest = 0
        self._looked = 0
        self._raised: dict[str, tuple[str, list[int]]] = {}
        self._severities: dict[str, int] = {}

    def take(self, envelope: Envelope) -> bool:
        """Take in a fault or an element; return whether it is one that can be read."""
        headers = {"ce_source": self._source} | dict(envelope.headers)
        record = Arrived(
            self._number,
            self._appended_ms,
            None if envelope.key is None else envelope.key.encode(),
            envelope.value,
            [(name, text.encode()) for name, text in headers.items()],
        )
        self._number += 1
        decoder = decoders()[envelope.topic]
        try:
            if envelope.topic == NETWORK_TOPOLOGY:
                self._desk.put_element(element_of(record, decoder))
                self.is_on = True
            else:
                self._desk.put_fault(report_of(record, decoder, self._tolerance))
        except RejectedEvent:
            return False
        return True

    def complain(self, partition: int, offset: int, time: int, told: ClassifiedComplaint) -> None:
        """Take in what intake says of a complaint of its source partition, and look if a minute is over.

        Args:
            partition: of the source, and so of the classified complaints.
            offset: in it.
            time: of the event, epoch seconds.
            told: the verdict.
        """
        if not self.is_on:
            return
        stamp = Stamp(offset, self._appended_ms, self._source, offset)
        self._desk.put_complaint(partition, stamp, facts_of(told, time))
        self._newest = max(self._newest, time)
        minute = (self._newest - LATENESS) // MINUTE
        if minute > self._looked:
            self._looked = minute
            for incident in self._desk.look().incidents:
                if incident.suspicion is not None:
                    self._note(incident)

    def alarms(self) -> list[Alarm]:
        """Return what was suspected so far, in order."""
        found = [Alarm(RULE, cell, tuple(told)) for cell, told in self._raised.values()]
        return sorted(found, key=lambda alarm: (alarm.raised, alarm.cell))

    def _note(self, incident: Incident) -> None:
        assert incident.suspicion is not None
        minute = seconds_of(incident.suspicion.looked)
        severity = rank(PerceivedSeverity(incident.perceived_severity))
        if Change.RAISED in incident.reasons:
            region = incident.affected_location[0].id if incident.affected_location else UNKNOWN
            cell = cell_of({"region": region, "element": incident.suspicion.element})
            self._raised[incident.id] = cell, [minute]
        elif severity < self._severities[incident.id]:
            self._raised[incident.id][1].append(minute)
        self._severities[incident.id] = severity
