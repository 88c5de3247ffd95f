"""Texts that go round: what is near-identical, what of it is exact, and that a storm of them is a wave and no surge."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.simulator.draw import Concern, Draws
from agents.simulator.repost import reposts
from agents.verify.circulation import SEEN, Circulation
from models.calendar import Calendar
from models.cells import DEFAULT_DIMENSIONS
from models.count import CellNamer, count_complaint
from models.history import History
from models.judge import StreamJudge
from models.measures import WIDTH, Stream
from models.outcomes import EarlyWarning
from models.pane import HOUR, MINUTE
from models.reposts import KEPT, WINDOW_SECONDS, Reposts, horizon
from models.rules import load_rules
from models.sketch import ALIKE, alike, place_of, sketch
from tests.examples import examples
from tests.unit.models.judging import ZONE, local
from tests.unit.models.test_assess import assess

STORY = "话费里藏着一项每月扣的权益包，到期自己续，关都关不掉，本人从来没有用过，要求退费并且公开说明原因。"
TALE = (
    "Please check your bills, I was charged for a membership that I never ordered, the hotline only says "
    "that it renews by itself and nobody gives the money back to anyone"
)
OUTAGE = "从昨天晚上开始家里的宽带就一直断网，光猫亮红灯，重启了好几次都不行，到现在也没有人上门维修处理。"
SAME_ISSUE = (
    "宽带断了快一天，报修打了几次电话都只说派单了，师傅始终不见人影，一家人都等着上网，什么时候能修好啊？"
)
T0 = local("2026-01-21T09:00")


def wave(history: History, offset: int, text: str = STORY, *, at: int = 0, **fields: Any) -> str:
    """Return the wave of what another customer sends `at` seconds after nine."""
    given_fields: dict[str, Any] = {"customer_id": f"c{offset}", "channel": "social", "city": "东城"}
    given_fields |= fields
    return assess(text, history, offset=offset, time=T0 + at, **given_fields).classified.template


def test_a_text_that_is_passed_on_is_a_repost_of_the_first_one() -> None:
    """
    ann    09:00  a text             none: it is the first
    bob    09:10  the same           repost
    cyd    09:20  the same, edited   repost of the same wave
    ann    09:30  the same again     an urge, and no repost
    dan    11:01  the same           none: two hours are over
    """
    history = History()
    assert wave(history, 0, customer_id="ann") == ""
    first = wave(history, 1, customer_id="bob", at=600)
    assert first.startswith("w")
    assert (
        wave(history, 2, "转发！" + STORY.replace("本人", "我家") + "！！", customer_id="cyd", at=1_200)
        == first
    )
    again = assess(STORY, history, offset=3, time=T0 + 1_800, customer_id="ann", channel="social")
    assert (again.classified.is_urge, again.classified.template) == (True, "")
    assert wave(history, 4, customer_id="dan", at=7_260) == ""


def test_a_repost_is_never_dropped() -> None:
    """Its customer gets an answer like any other; in English, too, whatever the case and the numbers."""
    history = History()
    assess(TALE, history, channel="web")
    found = assess(
        TALE.upper().replace("ORDERED", "BOOKED"), history, offset=1, customer_id="x", channel="web"
    )
    assert found.classified.template
    assert found.order is not None


def test_copies_about_different_places_are_different_issues() -> None:
    """By the place that the text names, and where a class is about a place by the one that it comes from."""
    history = History()
    assert wave(history, 0, "和平小区" + OUTAGE) == ""
    assert wave(history, 1, "锦绣花园" + OUTAGE) == ""
    assert wave(history, 2, "和平小区" + OUTAGE, city="西城") == ""
    assert wave(history, 3, "和平小区" + OUTAGE) != ""
    # A tariff is the same everywhere.
    assert wave(history, 4) == ""
    assert wave(history, 5, region="11", city="西城") != ""


def test_the_same_issue_in_other_words_is_no_repost() -> None:
    """Both are distinct and in the same cell, so that a surge sees one issue."""
    history = History()
    one, other = (
        assess(text, history, offset=offset, customer_id=f"c{offset}").classified
        for offset, text in enumerate((OUTAGE, SAME_ISSUE))
    )
    assert (one.template, other.template) == ("", "")
    assert (one.region, one.category) == (other.region, other.category) == ("44", "BRD")


def test_short_texts_and_those_of_staff_are_no_reposts() -> None:
    """Many say `no signal` because they have none; and an agent writes every call down in the same words."""
    history = History()
    assert [wave(history, offset, "家里宽带又断网了，快来修") for offset in range(3)] == [""] * 3
    assert [wave(history, offset, channel="hotline") for offset in range(3, 6)] == [""] * 3
    assert [wave(history, offset, "！" * 60) for offset in range(6, 9)] == [""] * 3


def test_the_sketch_is_the_same_on_every_machine() -> None:
    """It stands in changelogs: another one would agree with none of them."""
    known = sketch(STORY)
    assert known is not None
    assert known.hex()[:32] == "30db6b8b0c0145a583c6fdb76a86ad6d"
    assert sketch(STORY[:29]) is None
    assert (
        place_of("在和平路和幸福村", "44") == place_of("在幸福村和和平路", "44") != place_of("在和平路", "44")
    )
    assert place_of("near Mill Road", "") != place_of("near Hill Road", "")


def test_most_edits_of_simulated_reposts_are_seen_through() -> None:
    """At least nineteen of twenty agree with their original."""
    found = 0
    for seed in range(10):
        original, texts = reposts(Draws(seed, Concern.NOISE), 40)
        first = sketch(original)
        assert first is not None
        found += sum((other := sketch(text)) is not None and alike(first, other) >= ALIKE for text in texts)
    assert found >= 380


WORDS = [f"{one}{two}" for one in "天地玄黄宇宙洪荒日月" for two in "盈昃辰宿列张寒来暑往"]


def texts_of(random: Random, count: int) -> list[tuple[bytes, int, str, int]]:
    """Return sketch, place, customer and time of texts of which many are near-identical to others."""
    stories = ["".join(random.choices(WORDS, k=25)) for _ in range(4)]
    found = []
    time = T0
    for _ in range(count):
        words = list(random.choice(stories))
        for _ in range(random.randrange(6)):
            words[random.randrange(len(words))] = random.choice("甲乙丙丁")
        time += random.choice([0, 1, 60, 900, 4_000])
        sketched = sketch("".join(words))
        assert sketched is not None
        late = random.choice([0, 0, 0, 5_000])
        found.append((sketched, random.randrange(2), random.choice("abcdefgh"), time - late))
    return found


def recalled(own: Reposts, log: list[tuple[bytes, int, str, int]], start: int = 0) -> list[str]:
    """Judge the log from `start` on; the watermark is the newest time before each."""
    newest = max((time for *_, time in log[:start]), default=None)
    found = []
    for offset in range(start, len(log)):
        sketched, place, customer, time = log[offset]
        found.append(own.recall(sketched, place, ord(customer), time, offset, newest))
        newest = time if newest is None else max(newest, time)
    return found


@settings(max_examples=examples(20), deadline=None)
@given(seed=st.integers(0, 2**32), cut=st.integers(0, 60), ahead=st.integers(0, 60))
def test_the_answer_depends_on_the_records_before_and_on_nothing_else(
    seed: int, cut: int, ahead: int
) -> None:
    """Restored from what was stored, ahead of the record and forgotten up to the commit; and as verify finds it."""
    log = texts_of(Random(seed), 60)
    own, other = Reposts(), Circulation()
    whole = recalled(own, log)
    newest = None
    for (sketched, place, customer, time), found in zip(log, whole, strict=True):
        assert other.place(sketched, place, customer, time, newest) == found
        newest = time if newest is None else max(newest, time)
    stored = [entry for entry in own.take_fresh() if entry[1] < max(cut, ahead)]
    restored = Reposts()
    for packed, offset, time in Random(seed).sample(stored, len(stored)):
        restored.remember(packed, offset, time)
        restored.remember(packed, offset, time)
    committed = max((time for *_, time in log[:cut]), default=None)
    left = restored.forget(horizon(committed), cut)
    assert all(offset >= left for offset in restored._offsets)
    assert recalled(restored, log, cut) == whole[cut:]


def test_what_is_remembered_is_bounded_and_the_answer_still_exact() -> None:
    """The newest `KEPT` count, whether older ones are still there or not."""
    assert (KEPT, WINDOW_SECONDS) == (SEEN, 2 * HOUR)
    own = Reposts()
    random = Random(7)
    known = random.randbytes(48)
    own.recall(known, 0, 1, T0, 0, None)
    for offset in range(1, KEPT):
        own.recall(random.randbytes(48), 0, 1, T0, offset, T0)
    assert own.recall(known, 0, 2, T0, KEPT, T0) != ""
    own.recall(random.randbytes(48), 0, 1, T0, KEPT + 1, T0)
    assert own.forget(horizon(T0), KEPT) == 0
    assert len(own) == KEPT + 1
    assert own.forget(horizon(T0), KEPT + 2) == 1
    assert own.recall(known, 0, 2, T0, KEPT + 2, T0) == ""
    assert len(own._bands) <= 8 * (KEPT + 2)


def test_what_is_undone_has_never_been() -> None:
    """The record at which judging failed is judged again by the mended program."""
    history = History()
    wave(history, 0)
    history.undo(0)
    assert len(history.texts) == 0
    assert history.texts.take_fresh() == []
    assert history.texts._bands == {}
    assert wave(history, 1) == ""


def test_a_repost_storm_is_a_template_wave_and_no_surge() -> None:
    """
    region 44, billing: one complaint an hour, for three days         nothing
    09:00-09:30 sixty customers pass one text on, in four partitions  template wave at 09:05; no surge, however long
    sixty customers with sixty texts instead                          a surge at 09:15, and no wave
    """
    storm = told_of(STORY)
    assert [(one.rule, one.cell[:10], one.transition) for one in storm] == [("EW26", "template=w", "raised")]
    assert storm[0].pane == T0 + 10 * MINUTE
    assert "模板" in storm[0].summary_zh
    assert storm[0].department == "customer-service"
    random = Random(3)
    each = ["".join(random.sample(WORDS, 20)) + "乱扣费，多扣了我的钱，请核实话费账单" for _ in range(60)]
    assert {one.rule for one in told_of(*each)} == {"EW01"}


def told_of(*texts: str) -> list[EarlyWarning]:
    """Return the warnings of three calm days and the day on which sixty customers send `texts` in turn."""
    namer = CellNamer(DEFAULT_DIMENSIONS[Stream.COMPLAINTS], {})
    values = namer.reader()
    histories = [History() for _ in range(4)]
    sent = [(T0 - hour * HOUR, f"calm{hour}", "多扣了我的话费") for hour in range(72, 0, -1)]
    sent += [(T0 + 30 * number, f"storm{number}", texts[number % len(texts)]) for number in range(60)]
    minutes: dict[int, dict[str, list[int]]] = {}
    for offset, (time, customer, text) in enumerate(sent):
        found = assess(
            text, histories[offset % 4], offset=offset, time=time, customer_id=customer, channel="social"
        ).classified
        increment = count_complaint(
            is_urge=found.is_urge, repeats=found.repeat_of_30_days, is_repost=bool(found.template)
        )
        cells = minutes.setdefault(time - time % MINUTE, {})
        for cell in namer.cells(values(found)):
            vector = cells.setdefault(cell, [0] * WIDTH[Stream.COMPLAINTS])
            for index, amount in increment:
                vector[index] += amount
    rules = load_rules()
    judge = StreamJudge(Stream.COMPLAINTS, rules, Calendar(ZONE))
    start = min(minutes) - min(minutes) % HOUR
    warnings = []
    for pane in range(start, T0 + HOUR, MINUTE):
        warnings += judge.close_minute(pane, minutes.get(pane, {}))
    return [one for one in warnings if one.rule in ("EW01", "EW02", "EW03", "EW26")]
