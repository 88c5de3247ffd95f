"""The second opinion: what it learns, that it says the same everywhere, and that a file which is none is refused."""

import hashlib
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.training.fit import train
from models.errors import DataFileError
from models.opinion import LONGEST_PIECE, MAGIC, READ, pieces, read, save
from tests.unit.models.taught import BITS, examples, opinion, saved


@pytest.mark.parametrize(
    ("text", "label"),
    [("this zorple is slow", "NET"), ("青铜树又卡", "NET"), ("no more quibble", "BIL"), ("紫云", "BIL")],
)
def test_what_was_learned_is_told_of_other_texts(text: str, label: str) -> None:
    """Pieces of words decide, so a word in another sentence is known."""
    told = opinion().ask(text)
    assert opinion().labels[told.index(max(told))] == label
    assert sum(told) == pytest.approx(1.0)


def test_an_opinion_rests_on_whole_numbers() -> None:
    """Sums of them are exact in any order, so that every machine says the same."""
    table = np.frombuffer(saved().table, np.int8).reshape(1 << BITS, -1)
    assert abs(table.astype(int)).max() * (READ + 2) * LONGEST_PIECE < 1 << 24
    text = "zorple quibble 青铜树 " * 40
    told = opinion().ask(text)
    exact = table[pieces(text, BITS)].astype(np.int64).sum(axis=0)
    scale = saved().scale / np.sqrt(max(1, exact[0]) * saved().unit)
    logits = exact[1:] * scale + np.array(saved().bias)
    powers = np.exp(logits - logits.max())
    assert told == pytest.approx(list(powers / powers.sum()), abs=1e-12)


@given(st.text(max_size=80))
def test_any_text_has_an_opinion(text: str) -> None:
    """Also an empty one and lone surrogates; figures are all alike."""
    told = opinion().ask(text)
    assert len(told) == 3
    assert (pieces("5 gb") == pieces("7 gb")).all()


@given(st.lists(st.text(max_size=40), max_size=6))
def test_together_they_are_told_what_each_is_told_alone(texts: list[str]) -> None:
    """To the last bit: what lies between two texts is no part of either."""
    assert opinion().ask_all(texts) == [opinion().ask(text) for text in texts]


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_latin_words_are_found_as_all_others_are(text: str) -> None:
    """By another way: a Chinese character more takes the slower one, and the same pieces are found before it."""
    found = pieces(f"{text} \u4e00").tolist()
    words = pieces(text).tolist()
    assert words[: -5 * LONGEST_PIECE] == found[: max(0, len(words) - 5 * LONGEST_PIECE)]


def test_a_file_says_how_many_buckets_it_has() -> None:
    """What was trained with fewer is read and asked as it was trained."""
    smaller = read(save(train(examples(), steps=25, bits=10)), "smaller")
    told = smaller.ask("no more quibble")
    assert smaller.labels[told.index(max(told))] == "BIL"
    assert smaller.ask_all(["no more quibble"]) == [told] != [opinion().ask("no more quibble")]


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    """The cost of a text is bounded."""
    assert len(pieces("a" * 100_000)) == len(pieces("a" * READ)) <= (READ + 2) * LONGEST_PIECE


def refusal(content: bytes) -> str:
    with pytest.raises(DataFileError) as caught:
        read(content, "ours.model")
    return str(caught.value)


def test_a_file_that_is_no_model_of_this_format_is_refused_with_what_it_is() -> None:
    """Another file, another format, a damaged one, and one whose parts do not fit."""
    good = save(saved())
    assert read(good, "ours.model").digest == hashlib.sha256(good[40:]).hexdigest()[:16]
    assert "ours.model is no model of `barometer classifier train`" in refusal(b"language: zh")
    assert "is no model" in refusal(good[:20])
    assert "is a model of format 9, this is a reader of format 1" in refusal(MAGIC + b"\x09" + good[8:])
    assert "is damaged" in refusal(good[:-1] + bytes([good[-1] ^ 1]))
    assert "is damaged" in refusal(good[:-1])

    def forged(body: bytes) -> bytes:
        return MAGIC + b"\x01" + hashlib.sha256(body).digest() + body

    assert "cannot be unpacked" in refusal(forged(b"nothing that zlib wrote"))
    assert "cannot be unpacked" in refusal(forged(zlib.compress(b"\xc1")))
    short = msgspec.structs.replace(saved(), table=saved().table[:-1])
    assert "has a table of" in refusal(save(short))
    odd = msgspec.structs.replace(saved(), table=saved().table[: len(saved().table) // 4 * 3])
    assert "has a table of" in refusal(save(odd))
    lost = msgspec.structs.replace(saved(), usual=saved().usual[:-1])
    assert "does not fit together" in refusal(save(lost))


def test_another_model_has_another_digest() -> None:
    """By which a ledger knows it."""
    other = msgspec.structs.replace(saved(), bias=(0.0, 0.0, 1.0))
    assert read(save(other), "other").digest != opinion().digest
