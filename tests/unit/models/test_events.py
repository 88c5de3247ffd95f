"""The structs that arrive: their names on the wire, their bounds at the edge, and their time in seconds."""

import json
from datetime import datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.events import Complaint, Event, epoch_seconds
from models.vocabulary import Channel
from tests.unit.models.records import COMPLAINT, TYPES


@pytest.mark.parametrize("event", TYPES)
def test_names_on_the_wire_are_camel_case(event: type[Event]) -> None:
    """As the TM Forum APIs write them: no underscore, a small letter first."""
    for field in msgspec.structs.fields(event):
        assert field.encode_name.isalnum()
        assert field.encode_name[0].islower()


@pytest.mark.parametrize("event", TYPES)
def test_events_cannot_be_changed(event: type[Event]) -> None:
    """What was read stays as it was read."""
    assert event.__struct_config__.frozen


@pytest.mark.parametrize(
    ("field", "longest"),
    [("customerId", 128), ("text", 20_000), ("region", 64), ("city", 256), ("elementId", 128), ("lang", 16)],
)
def test_lengths_are_counted_in_characters_and_exact(field: str, longest: int) -> None:
    """The longest value passes and one character more does not, in Chinese as well."""
    decode = msgspec.json.Decoder(Complaint).decode

    def document(length: int) -> bytes:
        return json.dumps(COMPLAINT | {field: "长" * length}).encode()

    decode(document(longest))
    with pytest.raises(msgspec.ValidationError, match=str(longest)):
        decode(document(longest + 1))


@given(
    st.builds(
        Complaint,
        id=st.text(max_size=8),
        customer_id=st.text(min_size=1, max_size=8),
        text=st.text(max_size=40),
        channel=st.sampled_from(Channel),
        time=st.datetimes(
            datetime.fromisoformat("2000-01-01"),
            datetime.fromisoformat("2999-01-01"),
            timezones=st.integers(-1_439, 1_439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
        )
        | st.integers(946_684_800_000, 32_503_680_000_000),
        tier=st.integers(0, 7),
    )
)
def test_an_event_survives_the_wire(event: Complaint) -> None:
    """Encoding and decoding gives the event back."""
    assert msgspec.json.decode(msgspec.json.encode(event), type=Complaint) == event


@given(st.integers(946_684_800_000, 32_503_680_000_000))
def test_milliseconds_are_cut_to_seconds(millis: int) -> None:
    """Rounded down, so that an event never falls into the pane behind its own."""
    assert epoch_seconds(millis) * 1000 <= millis < (epoch_seconds(millis) + 1) * 1000
