"""Every event that Barometer sends, as it stands on the wire (JSON, camelCase).

Fields that depend on when one looked, and not on the log alone, are marked *observed*; they are no part of any
identity. Times are UTC, written as ISO 8601 with seconds or as epoch seconds where the name says so.

A field with a closed list of values shows it in the published schema; where a list may grow within a version
(categories, departments, reasons) the field is a plain string there.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, field

from models.wire import IsoTime, Priority, Severity, Wire

WHOLE_LETTER_BYTES: Final = 7 * 1024 * 1024
"""Up to so many bytes, as they stand in its JSON at most, key, value and headers of a refused record are kept whole in its
dead letter. Every record that fits an input topic uncompressed does (1 MiB, at most six bytes of JSON for each of its own:
a header's name of control characters), and the letter fits its topic (8 MiB)."""
KEPT_BYTES: Final = 64 * 1024
"""Of a larger record: so many bytes of its value, of its key and of its headers are kept."""


class Evidence(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A term that decided, and where: `start` and `end` are character positions in the masked, original text."""

    term: str
    start: int
    end: int
    code: str
    weight: float


class Alternative(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    code: str
    score: float


class ClassifiedComplaint(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A complaint after screening, classification, triage and routing; it keeps its event's id."""

    id: str
    source: str
    time: IsoTime
    """Event time, ISO 8601 UTC."""
    customer: str
    """Pseudonym: keyed hash of the customer's id."""
    text: str
    """Masked."""
    lang: str
    channel: str
    region: str
    city: str = ""
    element_id: str = ""
    segment: str
    tier: int
    product: str
    account: str = ""
    """Pseudonym of the group customer's account."""
    key_account: str = ""
    """Code of the key customer to whom the account belongs (BAROMETER_KEY_ACCOUNTS_FILE); a dimension of cells."""
    hot_topic: str = ""
    """Code of what happens in the world, by the words of its text (models/data/hot_topics.yaml); a dimension of cells."""
    category: str
    """Top-level code, for example NET."""
    subcategory: str
    """Full code, for example NET.DROP."""
    coarse: str
    confidence: float
    secondary: tuple[Alternative, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    priority: Priority
    priority_reasons: tuple[str, ...]
    department: str
    queue: str
    red_line: bool = False
    is_urge: bool = False
    """Same customer and category within 24 h: attached to the earlier complaint, counted as raw only."""
    repeat_of_30_days: int = 0
    """How many earlier distinct complaints of this customer and category lie within 30 days."""
    dissatisfaction: int = 1
    """0 asks or praises, 1 complains, 2 is aggrieved or means to leave, 3 is furious or turns to others."""
    intents: tuple[Evidence, ...] = ()
    """The words that speak of anger, leaving (churn), an authority or the press (escalation), danger or loss, or of somebody
    vulnerable; `code` says which."""
    template: str = ""
    """The wave of which it is a repost: near-identical to another customer's text within 2 h, counted as raw only. The wave
    has the same name in every partition; its first text in each has none."""
    is_spam: bool = False
    """An advertisement that was sent to the complaints' desk: counted as raw only, and no work for anybody."""
    need: str = ""
    """What the service is to the customer (KANO): must_be, performance or attractive."""
    is_late: bool = False
    """Its pane had closed in its partition: counted as late."""
    lexicon: str
    """Content hash of what judged it."""
    source_topic_id: str
    source_partition: int
    source_offset: int

    @property
    def redline(self) -> str:
        """The subcategory of a complaint about what is a red line, else empty: a dimension of cells."""
        return self.subcategory if self.red_line else ""


class WorkOrder(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """What a department is to do, in the shape of a TMF621 trouble ticket."""

    id: str
    """`wo-` and the complaint's id."""
    external_identifier: str
    ticket_type: str = "complain"
    status: str = "acknowledged"
    name: str
    description: str
    severity: str
    """TMF621: Critical, Major or Minor."""
    priority: Priority
    channel: str
    creation_date: IsoTime
    respond_by: IsoTime
    """First response to the customer."""
    update_by: IsoTime
    """Next word on progress."""
    requested_resolution_date: IsoTime
    """The limit of the priority tier: unresolved after it, the case is late."""
    expected_resolution_date: IsoTime
    """The tier's target, at or before the limit."""
    statutory_date: IsoTime
    """Fifteen calendar days after the complaint: the customer may then appeal to the regulator."""
    department: str
    queue: str
    region: str
    category: str
    subcategory: str
    related_party: str
    """The customer's pseudonym."""
    priority_reasons: tuple[str, ...]
    segment: str = ""
    need: str = ""
    """What the service is to the customer (KANO): must_be, performance or attractive."""
    promise: str = ""
    """The promise that sets the expected resolution, by its name in promises.yaml; empty where the tier alone does."""


class Truncation(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """What a record was of which its dead letter holds the beginning only. The digests are SHA-256 in hexadecimal digits."""

    value_bytes: int | None = None
    """Null where the record had no value."""
    value_sha256: str = ""
    key_bytes: int | None = None
    key_sha256: str = ""
    header_count: int = 0
    headers_bytes: int = 0
    """Names and values together."""
    headers_sha256: str = ""
    """Of the headers in order, each as four numbers and texts: length of the name (4 bytes, big-endian), name in UTF-8, length
    of the value (`ffffffff` where it is null), value."""


class DeadLetter(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A refused record with everything needed to judge and to replay it. Original bytes travel as base64.

    A record larger than `WHOLE_LETTER_BYTES` keeps the first `KEPT_BYTES` of value and key and the leading headers that fit
    into as many; `truncated` says what it was. The record itself is at `partition` and `offset` of `topic` while that lasts.
    """

    id: str
    """`<topic id>/<partition>/<offset>`: the same however often it is written."""
    topic: str
    topic_id: str
    partition: int
    offset: int
    append_time: IsoTime
    reason: str
    """A code, for example missing_field; the list may grow."""
    field: str
    """Wire name of the field at fault, empty where it is the whole record."""
    detail: str
    """What is wrong, in words, without any value of the record."""
    key: str | None
    """Base64, or null where the record had none."""
    value: str | None
    headers: tuple[tuple[str, str | None], ...] = ()
    """Name and base64 value, in order."""
    truncated: Truncation | None = None
    """Present where key, value and headers above are not the whole record."""


class ReplayedLetter(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """A dead letter's record was sent to its topic again; the last of a letter is in force."""

    id: str
    """Of the dead letter."""
    topic: str
    partition: int
    offset: int
    """Where the record stands now."""
    attempt: int
    """2 for what was refused once."""
    replayed_at: str


class PaneSnapshot(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """The cumulative counts of one source partition for one pane, for those cells that live in this partition of `panes`.

    Fold: for each (stream, source, pane, size) keep the record with the largest `offset`; it replaces the earlier one
    whole. An hour record (size 3600) replaces the 60 minute records it covers.
    """

    stream: str
    topic_id: str
    partition: int
    """Partition of the source topic."""
    pane: int
    """Start, epoch seconds."""
    size: int
    """60 or 3600 seconds."""
    offset: int
    """The last source offset that the counts contain."""
    cells: dict[str, list[int]]
    """Cell -> vector: on-time half, then late half (models.measures)."""


class Watermark(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """How far one source partition is. Follows the snapshots that it speaks for, in every partition of `panes`."""

    stream: str
    topic_id: str
    partition: int
    offset: int
    """Everything up to and including this source offset is in the snapshots before this record."""
    watermark: int
    """Epoch seconds: panes that end at or before it are closed for this source partition."""


class WindowSnapshot(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """The rolling windows of one cell of one stream. It follows from closed panes alone: equal `closed_until`, equal sums."""

    stream: str
    cell: str
    closed_until: int
    """End of the last closed minute, epoch seconds. Windows above an hour end at the last whole hour before it."""
    windows: dict[str, list[int]]
    """Length in seconds (300, 3600, 86400, 604800, 2592000) -> on-time vector (models.measures)."""


class WarningTransition(StrEnum):
    """What happened to an episode. Nothing follows `cleared`: the next episode has another id."""

    RAISED = "raised"
    ESCALATED = "escalated"
    DEESCALATED = "deescalated"
    RECOVERING = "recovering"
    RELAPSED = "relapsed"
    CLEARED = "cleared"


class Contribution(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    cell: str
    observed: float
    expected: float | None = None
    share: float | None = None
    """Of the excess of the cell that it lies inside of. Where others counted less than was expected it may be above 1."""


class EarlyWarning(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """One transition of one episode. (`id`, `sequence`, `transition`, `severity`, `pane`) is its identity in the ledger."""

    id: str
    """Hash of rule, rule version, cell and the pane in which the episode began."""
    sequence: int
    """1, 2, 3, ... without holes within an episode."""
    transition: Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in WarningTransition]})]
    severity: Severity
    pane: int
    """The closed pane that decided, by its end, epoch seconds."""
    rule: str
    rule_name: str
    rule_name_zh: str
    rule_version: str
    """Content hash of the rule, and of what its baselines start from where it expects something."""
    kind: str
    """Of the rule: threshold, wilson_drop, surge or drift; the list may grow. In states of warnings, and in no ledger, also
    suspicion: of a suspected hidden outage."""
    cell: str
    """What it is about: `all`, or dimensions with their values, for example `region=44,category=NET`."""
    stream: str
    """complaints, calls, surveys or cases; the list may grow."""
    measure: str
    """A field of the stream's vector, or `part / whole`."""
    window_seconds: int
    """Length of the window that ended at `pane`; of a slow rise, for how long it has been going on."""
    reason: str
    """Why, as a code, for example above_step; the list may grow."""
    n: int
    """Sample size: the denominator of a share, else the count."""
    observed: float
    """The measured value: a count, or a share in [0, 1]."""
    expected: float | None = None
    """What the cell's own past, or the rule's target, lets expect."""
    expected_error: float | None = None
    """Standard deviation of `expected`, over it: 0.1 says that it is known to about 10 %, 0.5 that the cell is new."""
    lower: float | None = None
    """Lower end of the interval that was judged: of a share, or of counts that are still normal."""
    upper: float | None = None
    """Upper end of that interval."""
    threshold: float | None = None
    """The limit that was crossed, in the unit of `observed`."""
    p_value: float | None = None
    """Probability of a count at least this large if nothing has changed."""
    summary: str
    """One sentence for people, in English."""
    summary_zh: str
    """The same in Chinese."""
    department: str = ""
    """Who should act, as a slug."""
    episode_start: int
    """The pane in which the episode began, by its end, epoch seconds."""
    contributors: tuple[Contribution, ...] = ()
    """The cells inside this one that explain most of it. Left empty in the ledger: they live in other partitions, and are
    added to the warning's state (`WarningState.excess`)."""
    samples: tuple[str, ...] = ()
    """*Observed*: ids of complaints in the cell."""
    expected_line: tuple[float, ...] = ()
    """What was expected in each of the windows up to `pane`, the earliest first, by what had been learned when it closed.
    Of counts that are held against the cell's own past; empty for others."""
    line_seconds: int = 0
    """Length of each of those windows, which do not overlap and of which the last ends at `pane`."""
    decided_at: str = ""
    """*Observed*: when this worker decided."""
    previous_episode: str = ""
    """Id of the cell's last episode under this rule, where there was one."""
    labels: dict[str, str] = field(default_factory=dict)
    """The rule's own labels."""


class ProvisionalState(StrEnum):
    ANNOUNCED = "announced"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class ProvisionalNotice(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """*Observed*, outside the ledger: a condition that can only become truer is met before its pane has closed."""

    id: str
    """Hash of rule, rule version, cell and pane: a repeat is recognisable."""
    state: Annotated[str, Meta(extra_json_schema={"enum": [one.value for one in ProvisionalState]})]
    rule: str
    rule_version: str
    cell: str
    stream: str
    pane: int
    """End of the bucket that is still open, epoch seconds."""
    observed: float
    threshold: float
    severity: Severity
    announced_at: IsoTime
