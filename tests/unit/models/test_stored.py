"""The envelope of state records: a round trip, and the refusal of what another version wrote."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ContractError
from models.stored import FORMAT, Stored, load, store

KEY = b"p|0|writer"
texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(version=texts, source=texts, stamp=st.integers(-(1 << 62), 1 << 62), body=st.binary(max_size=100))
def test_what_is_stored_is_loaded(version: str, source: str, stamp: int, body: bytes) -> None:
    """With the format of this version."""
    assert load(KEY, store(version, source, stamp, body)) == Stored(FORMAT, version, source, stamp, body)


def test_the_bytes_of_format_one_stay_as_they_are() -> None:
    """They lie in changelogs: another layout needs another number."""
    assert FORMAT == 1
    assert store("v", "s", 7, b"b") == bytes.fromhex("95 01 a1 76 a1 73 07 c4 01 62")


@pytest.mark.parametrize("number", [0, 2, 99, -1])
def test_another_format_is_refused_with_the_remedy(number: int) -> None:
    """Also a longer one, whose beginning looks like ours."""
    for more in ([], ["new field"]):
        value = msgspec.msgpack.encode([number, "v", "s", 7, b"b", *more])
        with pytest.raises(
            ContractError, match=rf"{KEY!r}.* has format {number}, .*Run the version that wrote it"
        ):
            load(KEY, value)


@pytest.mark.parametrize(
    "rest", [[], ["v"], ["v", "s", "7"], ["v", "s", 7, {"a": 1}], [{"all": "in one"}]], ids=str
)
def test_another_format_is_told_as_such_whatever_follows(rest: list[object]) -> None:
    """A later layout may have nothing in common with ours but that it begins with its number."""
    with pytest.raises(ContractError, match=f"has format {FORMAT + 1}, this version reads {FORMAT}"):
        load(KEY, msgspec.msgpack.encode([FORMAT + 1, *rest]))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{}",
        msgspec.msgpack.encode({"format": FORMAT}),
        msgspec.msgpack.encode([FORMAT, "v", "s", 7]),
        msgspec.msgpack.encode([FORMAT, "v", "s", "7", b"b"]),
        msgspec.msgpack.encode(["1", "v", "s", 7, b"b"]),
        store("v", "s", 7, b"body")[:-1],
        store("v", "s", 7, b"body") + b"\x00",
    ],
)
def test_what_is_no_record_is_refused_by_its_key(value: bytes) -> None:
    """Cut, lengthened, of other types, or no MessagePack at all."""
    with pytest.raises(ContractError, match=r"state record b'p\|0\|writer' cannot be read"):
        load(KEY, value)
