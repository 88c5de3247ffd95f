"""Masking and pseudonyms: what is hidden, what stays, and what holds for any text."""

import re
from datetime import date
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.privacy import KEPT, Pseudonymiser, mask

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PLACES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE_CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"

digits = st.text("0123456789", min_size=1)
separators = st.sampled_from(["", " ", "-", ".", "－", "\u00a0", " -"])
surroundings = st.sampled_from(
    [
        ("", ""),
        ("请回拨", "，谢谢"),
        ("我的号码是:", "。"),
        ("call me on ", " please"),
        ("1.", "\n2."),
        ("（", "）"),
        ('"', '"'),
    ]
)


def wide(text: str) -> str:
    """Return ASCII digits in full width, as Chinese keyboards write them."""
    return text.translate({ord("0") + value: ord("０") + value for value in range(10)})


@st.composite
def mobiles(draw: st.DrawFn) -> str:
    rest = draw(st.text("0123456789", min_size=9, max_size=9))
    number = "1" + draw(st.sampled_from("3456789")) + rest
    between = draw(separators)
    grouped = draw(
        st.sampled_from(
            [
                number,
                between.join((number[:3], number[3:7], number[7:])),
                between.join((number[:3], number[3:6], number[6:])),
                between.join((number[:3], number[3:])),
                between.join((number[:4], number[4:7], number[7:])),
                between.join((number[:7], number[7:])),
                " ".join(number),
            ]
        )
    )
    prefix = draw(st.sampled_from(["", "+86", "+86 ", "+86-", "86-", "86", "0086", "0086 ", "(+86)"]))
    return wide(prefix + grouped) if draw(st.booleans()) else prefix + grouped


@st.composite
def fixed_lines(draw: st.DrawFn) -> str:
    area = draw(st.sampled_from(["010", "020", "021", "029", "0755", "0311", "0871", "0991"]))
    local = draw(st.sampled_from("2345678")) + draw(st.text("0123456789", min_size=6, max_size=7))
    return draw(
        st.sampled_from(
            [f"{area}-{local}", f"{area}{local}", f"({area}){local}", f"{area} {local[:4]} {local[4:]}"]
        )
    )


@st.composite
def identity_cards(draw: st.DrawFn) -> str:
    birth = draw(st.dates(min_value=date(1930, 1, 1)))
    number = draw(st.sampled_from(["110105", "440305", "320102", "653101"])) + f"{birth:%Y%m%d}"
    number += draw(st.text("0123456789", min_size=3, max_size=3))
    number += "10X98765432"[
        sum(weight * int(digit) for weight, digit in zip(WEIGHTS, number, strict=True)) % 11
    ]
    between = draw(separators)
    return draw(
        st.sampled_from([number, number.lower(), between.join((number[:6], number[6:14], number[14:]))])
    )


@st.composite
def bank_cards(draw: st.DrawFn) -> str:
    number = draw(st.sampled_from(["62", "4", "51", "35", "95588"]))
    length = draw(st.integers(16, 19))
    rest = length - 1 - len(number)
    number += draw(st.text("0123456789", min_size=rest, max_size=rest))
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(number))]
    number += str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)
    between = draw(st.sampled_from(["", " ", "-"]))
    return between.join(number[start : start + 4] for start in range(0, length, 4))


@st.composite
def mails(draw: st.DrawFn) -> str:
    name = draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,20}", fullmatch=True))
    host = draw(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]{2,8}){1,2}", fullmatch=True))
    return name + draw(st.sampled_from("@＠")) + host


@st.composite
def plates(draw: st.DrawFn) -> str:
    serial = draw(
        st.permutations(
            [
                *draw(st.text("0123456789", min_size=3, max_size=3)),
                *draw(st.text(PLATE_CHARACTERS + "0123456789", min_size=2, max_size=3)),
            ]
        )
    )
    between = draw(st.sampled_from(["", "·", " ", "-"]))
    return draw(st.sampled_from(PLACES)) + draw(st.sampled_from(PLATE_CHARACTERS)) + between + "".join(serial)


numbers = st.one_of(mobiles(), fixed_lines(), identity_cards(), bank_cards())


@given(number=numbers, around=surroundings)
def test_every_telephone_identity_and_card_number_is_hidden_but_for_its_end(
    number: str, around: tuple[str, str]
) -> None:
    """However it is grouped, in half or full width, and whatever stands beside it."""
    before, after = around
    masked = mask(before + number + after)
    assert masked.startswith(before)
    hidden = masked[len(before) : len(before) + len(number)]
    assert len([char for char in hidden if char.isdigit() or char in "Xx"]) <= KEPT
    assert masked[len(before) + len(number) :] == after


@given(mail=mails(), around=surroundings)
def test_every_mail_address_is_hidden_but_for_its_top_level_domain(
    mail: str, around: tuple[str, str]
) -> None:
    """Neither the person nor the host can be read."""
    before, after = around
    masked = mask(f"{before} {mail} {after}")
    name, _, host = mail.replace("＠", "@").partition("@")
    top = host.rpartition(".")[2]
    assert re.search(rf"\*{{{len(name)}}}[@＠]\*{{{len(host) - len(top) - 1}}}\.{top}", masked)


@given(plate=plates(), around=surroundings)
def test_every_number_plate_is_hidden_but_for_its_end(plate: str, around: tuple[str, str]) -> None:
    """Ordinary and new-energy plates."""
    before, after = around
    assert mask(before + plate + after) == before + "*" * (len(plate) - KEPT) + plate[-KEPT:] + after


pieces = st.one_of(
    numbers,
    mails(),
    plates(),
    digits,
    st.text(max_size=12),
    st.sampled_from([" ", "-", "*", "+", "(", ")", "@", ".", "00", "１"]),
)


@given(st.lists(pieces, max_size=8).map("".join))
def test_masking_keeps_the_length_and_masking_again_changes_nothing(text: str) -> None:
    """Positions of evidence stay true, and a text may pass twice, however numbers run into each other."""
    masked = mask(text)
    assert len(masked) == len(text)
    assert mask(masked) == masked


@given(st.lists(pieces, max_size=8).map("".join))
def test_masking_only_ever_writes_asterisks(text: str) -> None:
    """Every character is either the one that was there or hidden."""
    assert all(after in (before, "*") for before, after in zip(text, mask(text), strict=True))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("联系13812345678", "联系*********78"),
        ("138-1234-5678或139 0000 1111", "***********78或***********11"),
        ("1.13812345678 2.13900000000", "1.*********78 2.*********00"),
        ("13812345678/13912345678", "*********78/*********78"),
        ("+86 (0755) 8312-3456", "******************56"),
        ("+1 415 555 2671", "*************71"),
        ("00852 91234567", "************67"),
        ("（010）62345678", "***********78"),
        ("身份证11010519491231002X。", "身份证****************2X。"),
        ("one wrong digit 110105194912310021", "one wrong digit ****************21"),
        ("卡号4111 1111 1111 1111", "卡号*****************11"),
        ("zhang.san@example.com.cn", "*********@***********.cn"),
        ("13812345678@example.com", "***********@*******.com"),
        ("粤B·D12345", "*******45"),
        ("5京A12345", "5*****45"),
        ("粤Z1234港", "*****4港"),
        ('{"phone":13812345678}', '{"phone":*********78}'),
    ],
)
def test_examples_are_masked_as_people_would_expect(text: str, masked: str) -> None:
    """Seen with one's own eyes."""
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "手机没有信号",
        "5G信号差，打了10086和12315三次，还有1008611",
        "多扣50元、199.00元、1,380,000.00元，一共138000000.5",
        "流量 199 128 158 10 元",
        "2024年5月1日、2024-01-05 12:30:11、2024/01/05、20240105、20240105123045",
        "订单号1234567890，工单20240105",
        "400-800-1234、4008001234、95588、800 810 8888",
        "62345678",
        "1767225600、1767225600000、1767225600000000",
        "20240105123456788",
        "新AIRPODS、新GALAXY、新iphone15、云C盘、贵VIP专线",
        "IP 139.196.12.34, version 3.11.15",
        "@客服 me@home 50@each",
        "ICCID尾号1234",
        "6222021234567890127",
    ],
)
def test_amounts_dates_service_and_short_numbers_stay(text: str) -> None:
    """Departments need them; what fails its check sum is no card."""
    assert mask(text) == text


def test_a_long_hostile_text_is_masked_in_reasonable_time() -> None:
    """No pattern runs away: each is tried with bounded work from each place (the test's time limit sees to it)."""
    for piece in ("1 ", "1", "0-", "a@", "a.", "京A", "京 ", "+1 ", "(1)", "1３", "a@b."):
        text = piece * (20_000 // len(piece))
        assert len(mask(text)) == len(text)


@given(st.text(), st.binary(min_size=1, max_size=200))
def test_a_pseudonym_is_twenty_four_hex_digits_and_the_same_again(customer: str, key: bytes) -> None:
    """For any id and any key, also from another instance."""
    pseudonym = Pseudonymiser(key).of(customer)
    assert re.fullmatch("[0-9a-f]{24}", pseudonym)
    first = Pseudonymiser(key)
    first.of("somebody else")
    assert first.of(customer) == pseudonym


def test_a_pseudonym_is_the_documented_keyed_hash() -> None:
    """Systems that hold the key recompute it: BLAKE2b, 12 bytes, over the UTF-8 id."""
    key = b"a key of sixteen"
    expected = blake2b("客户-1".encode(), key=key, digest_size=12).hexdigest()
    assert Pseudonymiser(key).of("客户-1") == expected


def test_a_key_longer_than_the_hash_takes_counts_by_its_own_hash() -> None:
    """All of it counts, not only its beginning."""
    long = b"k" * 65
    assert Pseudonymiser(long).of("c") == Pseudonymiser(blake2b(long).digest()).of("c")
    assert Pseudonymiser(long).of("c") != Pseudonymiser(long[:64]).of("c")


def test_other_keys_and_other_ids_have_other_pseudonyms() -> None:
    """Rotating the key breaks every link, on purpose."""
    found = {Pseudonymiser(key).of(customer) for key in (b"one", b"two") for customer in ("a", "b", "ab")}
    assert len(found) == 6


def test_an_empty_key_is_refused() -> None:
    """Anybody could recompute such pseudonyms from a list of ids."""
    with pytest.raises(ValueError, match="empty"):
        Pseudonymiser(b"")
