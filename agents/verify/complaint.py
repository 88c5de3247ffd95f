"""What a complaint must have become: its classified form and its work order, written down field by field.

Classification, triage, routing, masking and pseudonyms are the project's pure functions; the customer's earlier
complaints, on which triage rests, are recomputed by `agents.verify.judge`.
"""

from typing import Final, NamedTuple

from models.advised import Judge
from models.classify import Classification
from models.events import Complaint
from models.hottopics import load_hot_topics
from models.intent import dissatisfaction, intents
from models.iso import iso
from models.keyaccounts import NONE, KeyAccounts
from models.outcomes import ClassifiedComplaint, WorkOrder
from models.pane import DAY
from models.privacy import Pseudonymiser, mask
from models.promise import expected_seconds, load_promises
from models.route import Router
from models.triage import Triage

STATUTORY_SECONDS: Final = 15 * DAY
"""Calendar days after which the customer may appeal to the regulator."""
_TMF_SEVERITY: Final = {"P1": "Critical", "P2": "Major", "P3": "Minor", "P4": "Minor"}


class Expected(NamedTuple):
    """The outputs of one complaint; an urge, praise and spam have no work order."""

    classified: ClassifiedComplaint
    order: WorkOrder | None


class Identity(NamedTuple):
    """CloudEvents id and source of a record, and where it stands."""

    id: str
    source: str
    topic_id: str
    partition: int
    offset: int


class Desk:
    """Holds the pure judges and writes down what follows from them."""

    def __init__(
        self,
        classifier: Judge,
        triage: Triage,
        router: Router,
        pseudonymiser: Pseudonymiser,
        version: str,
        key_accounts: KeyAccounts = NONE,
    ) -> None:
        self._key_accounts = key_accounts
        self._classifier = classifier
        self._triage = triage
        self._router = router
        self._pseudonym = pseudonymiser.of
        self._version = version
        self._hot_topic = load_hot_topics().finder()

    def classify(self, text: str) -> Classification:
        """Return what `text` is about."""
        return self._classifier.classify(text)

    def expected(
        self,
        complaint: Complaint,
        found: Classification,
        identity: Identity,
        time: int,
        *,
        is_urge: bool,
        repeats: int,
        template: str,
        is_late: bool,
    ) -> Expected:
        """Return the outputs of a complaint at `time` (epoch seconds), classified as `found`."""
        tiering = self._triage.judge(complaint, found, repeats)
        route = self._router.route(
            found.subcategory, complaint.region, complaint.segment, complaint.product, tiering.priority
        )
        promise = load_promises().of(found.subcategory, complaint.segment)
        customer = self._pseudonym(complaint.customer_id)
        masked = mask(complaint.text)
        created = iso(time)
        classified = ClassifiedComplaint(
            id=identity.id,
            source=identity.source,
            time=created,
            customer=customer,
            text=masked,
            lang=found.lang,
            channel=complaint.channel,
            region=complaint.region,
            city=complaint.city,
            element_id=complaint.element_id,
            segment=complaint.segment,
            tier=complaint.tier,
            product=complaint.product,
            account=self._pseudonym(complaint.account_id) if complaint.account_id else "",
            key_account=self._key_accounts.of(complaint.account_id),
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
            is_urge=is_urge,
            repeat_of_30_days=repeats,
            dissatisfaction=dissatisfaction(found),
            intents=intents(found),
            template=template,
            is_spam=found.is_spam,
            need=promise.need,
            is_late=is_late,
            lexicon=self._version,
            source_topic_id=identity.topic_id,
            source_partition=identity.partition,
            source_offset=identity.offset,
        )
        if is_urge or found.is_praise or found.is_spam:
            return Expected(classified, None)
        order = WorkOrder(
            id="wo-" + identity.id,
            external_identifier=identity.id,
            name=f"{found.subcategory} {complaint.region}",
            description=masked,
            severity=_TMF_SEVERITY[tiering.priority],
            priority=tiering.priority,
            channel=complaint.channel,
            creation_date=created,
            respond_by=iso(time + tiering.respond_seconds),
            update_by=iso(time + tiering.update_seconds),
            requested_resolution_date=iso(time + tiering.limit_seconds),
            expected_resolution_date=iso(time + expected_seconds(promise, tiering)),
            statutory_date=iso(time + STATUTORY_SECONDS),
            department=route.department,
            queue=route.queue,
            region=complaint.region,
            category=found.category,
            subcategory=found.subcategory,
            related_party=customer,
            priority_reasons=tiering.reasons,
            segment=complaint.segment,
            need=promise.need,
            promise=promise.name,
        )
        return Expected(classified, order)
