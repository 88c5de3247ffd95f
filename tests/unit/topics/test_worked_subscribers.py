"""The parts of the worked subscribers that decide: the fold of active warnings, and what is remembered of repeats."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models import signatures

SUBSCRIBERS = Path(__file__).parents[3] / "docs" / "subscribers"


def loaded(name: str) -> Any:
    """Return one of the scripts as a module."""
    spec = importlib.util.spec_from_file_location(name, SUBSCRIBERS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


active_warnings = loaded("active_warnings")
deduplicate = loaded("deduplicate")

ENDS = None
EPISODES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), max_size=12)


def record(id_: str, sequence: int) -> bytes:
    return json.dumps({"id": id_, "sequence": sequence}).encode()


@given(EPISODES, st.integers(0, 12))
def test_a_crash_that_repeats_the_last_records_leaves_the_same_picture(
    lengths: list[tuple[str, int]], repeated: int
) -> None:
    """Any suffix may be written again, in order; each key's last record decides."""
    log: list[tuple[bytes, bytes | None]] = []
    for number, (name, length) in enumerate(lengths):
        id_ = f"{name}{number}"
        log += [(id_.encode(), record(id_, sequence)) for sequence in range(1, length + 1)]
        log += [(id_.encode(), ENDS)] if length == 4 else []
    log += log[len(log) - min(repeated, len(log)) :]
    active = active_warnings.ActiveWarnings()
    for key, value in log:
        active.fold(key, value)
    last = dict(log)
    assert set(active.by_id) == {key.decode() for key, value in last.items() if value is not None}
    assert all(
        record(id_, warning["sequence"]) == last[id_.encode()] for id_, warning in active.by_id.items()
    )


def test_a_record_that_changes_nothing_is_told_as_such() -> None:
    """So that a page is not drawn again for a repeat."""
    active = active_warnings.ActiveWarnings()
    told = [
        active.fold(b"a", value) for value in (record("a", 1), record("a", 1), record("a", 2), None, None)
    ]
    assert told == [True, False, True, True, False]


@given(st.lists(st.integers(0, 30)), st.integers(1, 8))
def test_memory_is_bounded_and_what_is_remembered_is_found(events: list[int], most: int) -> None:
    """A repeat within the last `most` different ones is found; never more than those are kept."""
    seen = deduplicate.Seen(most)
    order: list[int] = []
    for event in events:
        assert seen.is_repeat(event) == (event in order[-most:])
        order = [one for one in order if one != event] + [event]
        assert len(seen) <= most


def test_an_event_is_known_by_its_headers_and_a_warning_by_its_sequence() -> None:
    """Two transitions of one episode are two events."""
    headers = [("ce_source", b"barometer"), ("ce_id", b"c1")]
    assert deduplicate.identity_of(headers, b'{"id": "c1"}') == (b"barometer", b"c1")
    assert deduplicate.identity_of(headers, record("a", 1)) == ("a", 1)
    assert deduplicate.identity_of(headers, None) == (b"barometer", b"c1")


def test_the_worked_webhook_knows_what_the_deliverer_signs() -> None:
    """And refuses another secret, another body, and what is old."""
    webhook = loaded("webhook")
    for secret in ("sesame", "whsec_c2VzYW1l"):
        body, now = b'{"id": "n1"}', 1_772_359_300
        headers = {
            "webhook-id": "n1",
            "webhook-timestamp": str(now),
            "webhook-signature": signatures.webhook(secret, "n1", now, body),
        }
        assert webhook.is_genuine(headers, body, secret, now + 10.0)
        assert not webhook.is_genuine(headers, body, "another", now + 10.0)
        assert not webhook.is_genuine(headers, body + b" ", secret, now + 10.0)
        assert not webhook.is_genuine(headers, body, secret, now + 301.0)
        assert not webhook.is_genuine({}, body, secret, float(now))


def test_the_worked_webhook_does_each_once_and_forgets_the_oldest() -> None:
    """Bounded, as every memory is."""
    webhook = loaded("webhook")
    seen = webhook.Seen()
    assert not seen.is_done("a")
    seen.done("a")
    assert seen.is_done("a")
    for number in range(webhook.REMEMBERED):
        seen.done(str(number))
    assert not seen.is_done("a")
