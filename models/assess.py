"""One complaint, from its text to its work order: classify, recall, triage, route, mask. Pure; order matters."""

from typing import Final, NamedTuple
from zlib import crc32

from models.advised import Judge
from models.classify import Classification
from models.events import Complaint
from models.history import History
from models.hottopics import load_hot_topics
from models.intent import dissatisfaction, intents
from models.iso import iso
from models.keyaccounts import NONE, KeyAccounts
from models.outcomes import ClassifiedComplaint, WorkOrder
from models.pane import DAY
from models.privacy import Pseudonymiser, mask
from models.promise import Promise, expected_seconds, load_promises
from models.route import Router
from models.sketch import place_of, sketch
from models.triage import Tiering, Triage
from models.vocabulary import WRITTEN_CHANNELS

STATUTORY_SECONDS: Final = 15 * DAY
"""A customer without an answer after 15 days may appeal to the regulator (电信用户申诉处理办法, clause 10)."""

SEVERITY: Final = {"P1": "Critical", "P2": "Major", "P3": "Minor", "P4": "Minor"}
"""TMF621 severity of each priority tier."""


PLACE_BOUND: Final = frozenset({"NET", "BRD", "ENT"})
"""Categories that are about a place: the same words about two places are two issues."""


def fingerprint(complaint: Complaint, category: str) -> tuple[bytes, int] | None:
    """Return the sketch of what a complaint says and what stands for the places that it is about.

    None where equal texts say nothing: too short, or written by staff.
    """
    if complaint.channel not in WRITTEN_CHANNELS:
        return None
    text = complaint.text
    sketched = sketch(text)
    if sketched is None:
        return None
    is_bound = category in PLACE_BOUND
    where = f"{complaint.region} {complaint.city} {complaint.district}" if is_bound else ""
    return sketched, place_of(text, where)


class Origin(NamedTuple):
    """Where a record stands."""

    topic_id: str
    partition: int
    offset: int


class Assessed(NamedTuple):
    """Everything that follows from one complaint."""

    classified: ClassifiedComplaint
    order: WorkOrder | None
    """None for urges, praise and spam: they open no new work."""


class Assessor:
    """Holds the read-only judges; the customer's history is handed in with each complaint."""

    def __init__(
        self,
        classifier: Judge,
        triage: Triage,
        router: Router,
        pseudonymiser: Pseudonymiser,
        version: str,
        key_accounts: KeyAccounts = NONE,
    ) -> None:
        self._key_account = key_accounts.by_account.get
        self._classify = classifier.classify
        self._hot_topic = load_hot_topics().finder()
        self._triage = triage.judge
        self._route = router.route
        self._promise = load_promises().of
        self._pseudonym = pseudonymiser.of
        self._version: Final = version

    def assess(
        self,
        complaint: Complaint,
        identity: tuple[str, str],
        time: int,
        history: History,
        watermark: int | None,
        origin: Origin,
        *,
        is_late: bool,
    ) -> Assessed:
        """Judge the complaint with CloudEvents `identity` (id, source) and event `time`.

        `watermark` is that of the records before this one. The complaint is remembered in `history`.
        """
        text = complaint.text
        customer = self._pseudonym(complaint.customer_id)
        found = self._classify(text)
        recall = history.recall(customer, found.category, time, origin.offset, watermark)
        template = ""
        if not recall.is_urge:
            fingerprinted = fingerprint(complaint, found.category)
            if fingerprinted is not None:
                template = history.texts.recall(
                    *fingerprinted, crc32(customer.encode()), time, origin.offset, watermark
                )
        tiering = self._triage(complaint, found, recall.repeats)
        route = self._route(
            found.subcategory, complaint.region, complaint.segment, complaint.product, tiering.priority
        )
        promise = self._promise(found.subcategory, complaint.segment)
        when = iso(time)
        id_, source = identity
        classified = ClassifiedComplaint(
            id=id_,
            source=source,
            time=when,
            customer=customer,
            text=mask(text),
            lang=found.lang,
            channel=complaint.channel,
            region=complaint.region,
            city=complaint.city,
            element_id=complaint.element_id,
            segment=complaint.segment,
            tier=complaint.tier,
            product=complaint.product,
            account=self._pseudonym(complaint.account_id) if complaint.account_id else "",
            key_account=self._key_account(complaint.account_id, ""),
            hot_topic=self._hot_topic(found.folded),
            category=found.category,
            subcategory=found.subcategory,
            coarse=found.coarse,
            confidence=found.confidence,
            secondary=found.secondary,
            evidence=found.evidence,
            priority=tiering.priority,
            priority_reasons=tiering.reasons,
            department=route.department,
            queue=route.queue,
            red_line=tiering.red_line,
            is_urge=recall.is_urge,
            repeat_of_30_days=recall.repeats,
            dissatisfaction=dissatisfaction(found),
            intents=intents(found),
            template=template,
            is_spam=found.is_spam,
            need=promise.need,
            is_late=is_late,
            lexicon=self._version,
            source_topic_id=origin.topic_id,
            source_partition=origin.partition,
            source_offset=origin.offset,
        )
        if recall.is_urge or found.is_praise or found.is_spam:
            return Assessed(classified, None)
        return Assessed(classified, _order(classified, time, found, tiering, promise))


def _order(
    classified: ClassifiedComplaint, time: int, found: Classification, tiering: Tiering, promise: Promise
) -> WorkOrder:
    return WorkOrder(
        id=f"wo-{classified.id}",
        external_identifier=classified.id,
        name=f"{found.subcategory} {classified.region}",
        description=classified.text,
        severity=SEVERITY[tiering.priority],
        priority=tiering.priority,
        channel=classified.channel,
        creation_date=classified.time,
        respond_by=iso(time + tiering.respond_seconds),
        update_by=iso(time + tiering.update_seconds),
        requested_resolution_date=iso(time + tiering.limit_seconds),
        expected_resolution_date=iso(time + expected_seconds(promise, tiering)),
        statutory_date=iso(time + STATUTORY_SECONDS),
        department=classified.department,
        queue=classified.queue,
        region=classified.region,
        category=classified.category,
        subcategory=classified.subcategory,
        related_party=classified.customer,
        priority_reasons=tiering.reasons,
        segment=classified.segment,
        need=promise.need,
        promise=promise.name,
    )
