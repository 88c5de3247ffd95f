"""One complaint from text to work order: what opens work, what is hidden, and that nothing else decides."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.compiledlexicon import kept_classifier
from models.assess import SEVERITY, STATUTORY_SECONDS, Assessed, Assessor, Origin
from models.count import CellNamer
from models.events import Complaint
from models.history import History
from models.iso import iso
from models.keyaccounts import parse_key_accounts
from models.outcomes import ClassifiedComplaint, WorkOrder
from models.pane import DAY, HOUR
from models.privacy import Pseudonymiser
from models.route import load_router
from models.taxonomy import load_taxonomy
from models.triage import Priority, load_triage

T0 = 1_749_999_600
PSEUDONYMS = Pseudonymiser(b"a key for the tests")
TAXONOMY = load_taxonomy()


CLASSIFIER = kept_classifier()


def assessor() -> Assessor:
    """One that has judged nothing yet."""
    keys = parse_key_accounts("accounts: {harbour-group: [account-17]}", "keys.yaml")
    return Assessor(CLASSIFIER, load_triage(), load_router(), PSEUDONYMS, "judge", keys)


ASSESSOR = assessor()
DROPS = "打电话总是掉线"
PRAISE = "服务非常好，表扬客服"
SUGGESTION = "我建议增加流量套餐"
CUSTOMER = "customer-13800000001"


def assess(
    text: str,
    history: History | None = None,
    *,
    offset: int = 0,
    time: int = T0,
    is_late: bool = False,
    by: Assessor = ASSESSOR,
    **fields: Any,
) -> Assessed:
    given_fields = {"customer_id": CUSTOMER, "channel": "app", "region": "44"} | fields
    complaint = Complaint(time=time * 1000, text=text, **given_fields)
    return by.assess(
        complaint,
        (f"e{offset}", "/crm"),
        time,
        History() if history is None else history,
        None,
        Origin("topic", 2, offset),
        is_late=is_late,
    )


def test_a_complaint_becomes_a_work_order() -> None:
    """The order says what the complaint said, and its times follow one another from the event's time."""
    classified, order = assess(DROPS)
    assert order is not None
    assert (classified.category, classified.subcategory) == ("NET", "NET.DROP")
    assert (order.id, order.external_identifier) == ("wo-e0", "e0")
    for same in ("priority", "priority_reasons", "department", "queue", "region", "category", "subcategory"):
        assert getattr(order, same) == getattr(classified, same)
    assert order.severity == SEVERITY[classified.priority]
    assert order.description == classified.text
    assert order.related_party == classified.customer
    assert order.creation_date == classified.time == iso(T0)
    assert order.statutory_date == iso(T0 + 15 * DAY)
    dates = (
        order.creation_date,
        order.respond_by,
        order.expected_resolution_date,
        order.requested_resolution_date,
        order.statutory_date,
    )
    assert list(dates) == sorted(dates)
    assert len({order.creation_date, order.respond_by, order.requested_resolution_date}) == 3


def test_an_urge_opens_no_work_order() -> None:
    """
    hours       0      1      23      48
    is          first  urge   urge    repeat
    order       yes    no     no      yes
    """
    history = History()
    found = [
        assess(DROPS, history, offset=offset, time=T0 + hours * HOUR)
        for offset, hours in enumerate((0, 1, 23, 48))
    ]
    assert [one.order is not None for one in found] == [True, False, False, True]
    assert [one.classified.is_urge for one in found] == [False, True, True, False]
    assert [one.classified.repeat_of_30_days for one in found] == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("customer", "text"), [("somebody-else", DROPS), (CUSTOMER, "话费多扣了50元，要求退费")]
)
def test_others_and_other_matters_are_no_urges(customer: str, text: str) -> None:
    """Same customer and same category, or it is new work."""
    history = History()
    assess(DROPS, history)
    later = assess(text, history, offset=1, time=T0 + HOUR, customer_id=customer)
    assert not later.classified.is_urge
    assert later.order is not None


def test_praise_opens_no_work_order_and_a_suggestion_does() -> None:
    """Both are in the same category; only one asks for nothing."""
    praise, suggestion = assess(PRAISE), assess(SUGGESTION)
    assert (praise.classified.subcategory, praise.order) == ("SUG.PRAISE", None)
    assert suggestion.classified.category == "SUG"
    assert suggestion.order is not None


def test_a_complaint_after_praise_is_new_work() -> None:
    """Of another category: praise is remembered, and makes no urge of it."""
    history = History()
    assess(PRAISE, history)
    assert assess(DROPS, history, offset=1).order is not None


def test_the_record_and_its_place_are_told() -> None:
    """Identity, origin, lateness and what judged it."""
    classified, _ = assess(DROPS, offset=9, is_late=True)
    assert (classified.id, classified.source, classified.lexicon) == ("e9", "/crm", "judge")
    assert (classified.source_topic_id, classified.source_partition, classified.source_offset) == (
        "topic",
        2,
        9,
    )
    assert classified.is_late
    assert not assess(DROPS).classified.is_late


def test_an_account_of_a_key_customer_is_told_by_the_customers_code() -> None:
    """Its cell counts the complaints of all accounts of this customer."""
    found = assess(DROPS, account_id="account-17", segment="group").classified
    assert found.key_account == "harbour-group"
    assert CellNamer([("key_account",)], {}).cells(("harbour-group",)) == ["key_account=harbour-group"]


def test_customer_and_account_go_out_as_pseudonyms_only() -> None:
    """An empty account stays empty, so that it is no customer of its own."""
    found = assess(DROPS, account_id="account-4711", segment="group")
    assert found.classified.customer == PSEUDONYMS.of(CUSTOMER)
    assert found.classified.account == PSEUDONYMS.of("account-4711")
    assert assess(DROPS).classified.account == ""
    assert found.classified.key_account == ""
    for sent in outputs(found):
        assert CUSTOMER not in sent
        assert "account-4711" not in sent


def outputs(found: Assessed) -> list[str]:
    """Everything that leaves the house, as it stands on the wire."""
    return [msgspec.json.encode(one).decode() for one in found if one is not None]


numbers = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
around = st.text(st.sampled_from("网速慢掉线打电话，。！ abc\n很"), max_size=20)


@given(number=numbers, before=around, after=around, which=st.sampled_from([DROPS, PRAISE, SUGGESTION]))
def test_a_telephone_number_is_in_no_output(number: str, before: str, after: str, which: str) -> None:
    """Neither in texts nor in evidence; positions of the evidence stay true."""
    text = f"{which}{before} {number} {after}"
    found = assess(text)
    for sent in outputs(found):
        assert number not in sent
    classified = found.classified
    assert len(classified.text) == len(text)
    assert classified.text.replace("*", "") != ""
    for evidence in classified.evidence:
        assert 0 <= evidence.start < evidence.end <= len(text)
        assert classified.text[evidence.start : evidence.end] == text[evidence.start : evidence.end]


@pytest.mark.parametrize(
    "secret", ["13812345678", "440106199001011239", "zhang.san@mail.example", "粤B12345", "+86 138 1234 5678"]
)
def test_what_identifies_a_person_is_masked_in_every_output(secret: str) -> None:
    """In the classified text and in the work order's description alike."""
    found = assess(f"{DROPS}，我的{secret}，请回电")
    assert found.order is not None
    assert found.classified.text == found.order.description
    for sent in outputs(found):
        assert secret not in sent
        assert "*" in sent


texts = st.lists(
    st.sampled_from([DROPS, PRAISE, SUGGESTION, "", "x", "宽带断网三天了", "broadband is down", "!"])
)


@settings(max_examples=40)
@given(
    log=st.lists(
        st.tuples(
            texts.map("，".join),
            st.integers(0, 60 * DAY),
            st.sampled_from("ab"),
            st.sampled_from(["44", "moon"]),
            st.sampled_from(["individual", "group", "unknown"]),
            st.integers(0, 7),
        ),
        max_size=6,
    )
)
def test_equal_logs_are_judged_alike(log: list[tuple[str, int, str, str, str, int]]) -> None:
    """By an assessor that has seen much and by a new one: caches must not decide. Codes are those of the lists."""
    history, again, other = History(), History(), assessor()
    for offset, (text, shift, customer, region, segment, tier) in enumerate(log):
        fields: dict[str, Any] = {"customer_id": customer, "region": region, "segment": segment, "tier": tier}
        one = assess(text, history, offset=offset, time=T0 + shift, **fields)
        two = assess(text, again, offset=offset, time=T0 + shift, by=other, **fields)
        assert one == two
        classified, order = one
        assert classified.subcategory in TAXONOMY.subcategories
        assert classified.category == classified.subcategory.partition(".")[0]
        assert classified.department in TAXONOMY.departments
        assert classified.priority in set(Priority)
        assert classified.priority_reasons
        opens = not classified.is_urge and classified.subcategory != "SUG.PRAISE"
        assert (order is not None) == opens
        if order is not None:
            assert order.requested_resolution_date <= iso(T0 + shift + STATUTORY_SECONDS)


@pytest.mark.parametrize(("sent", "struct"), [(0, ClassifiedComplaint), (1, WorkOrder)])
def test_what_is_sent_can_be_read_back(sent: int, struct: type[msgspec.Struct]) -> None:
    """By its own type, unchanged."""
    one = assess(DROPS)[sent]
    assert msgspec.json.decode(msgspec.json.encode(one), type=struct) == one
