"""The taxonomy: all fourteen categories, each with a department that exists; a wrong file is refused with its place."""

import pytest

from models.errors import DataFileError
from models.taxonomy import PRAISE, UNKNOWN, load_taxonomy, parse_taxonomy

TAXONOMY = load_taxonomy()

SMALL = """
departments: {network: {zh: 网络, en: Network}}
coarse: [network, other]
categories:
  OTH:
    zh: 其他
    en: Other
    department: network
    coarse: other
    subcategories: {UNK: {zh: 未知, en: Unknown}}
  SUG:
    zh: 表扬
    en: Praise
    department: network
    coarse: other
    subcategories: {PRAISE: {zh: 表扬, en: Praise}}
"""


def test_there_are_fourteen_categories_and_twelve_departments() -> None:
    """The list that everything else refers to; a category that vanished would orphan its complaints."""
    assert " ".join(category.code for category in TAXONOMY.categories) == (
        "NET BRD BIL PLN MKT SVC BUS VAS DEV SEC ENT POL SUG OTH"
    )
    assert len(TAXONOMY.departments) == 12
    assert len(TAXONOMY.subcategories) == 75


def test_every_subcategory_belongs_to_its_category_and_is_named_twice() -> None:
    """Codes are joined from the two levels; every name exists in both languages, every department exists."""
    for category in TAXONOMY.categories:
        assert TAXONOMY.category(category.code) is category
        for leaf in category.subcategories:
            assert TAXONOMY.subcategory(leaf.code) is leaf
            assert leaf.code.partition(".")[0] == leaf.category == category.code
            assert not leaf.zh.isascii()
            assert leaf.en.isascii()
            assert leaf.department in TAXONOMY.departments
            assert TAXONOMY.coarse(leaf.code) in TAXONOMY.coarse_classes


def test_every_department_is_some_categorys() -> None:
    """A department that no class defaults to would be a topic that nothing writes to."""
    assert {leaf.department for leaf in TAXONOMY.subcategories.values()} == set(TAXONOMY.departments)


def test_the_red_lines_are_those_that_regulators_name() -> None:
    """Ordered without consent, not let go, not let go with the number."""
    assert [code for code, leaf in TAXONOMY.subcategories.items() if leaf.red_line] == [
        "MKT.UNAWARE",
        "BUS.CLOSE",
        "BUS.MNP",
    ]


def test_codes_of_both_levels_are_known_and_others_are_not() -> None:
    """Other data files check their codes here."""
    assert all(TAXONOMY.is_code(code) for code in ("NET", "NET.DROP", PRAISE, UNKNOWN))
    assert not any(TAXONOMY.is_code(code) for code in ("", "net", "NET.", "NET.NONE", "XXX"))
    with pytest.raises(KeyError):
        TAXONOMY.subcategory("NET.NONE")


@pytest.mark.parametrize(
    ("correct", "wrong", "place"),
    [
        ("network: {zh", "Net_Work: {zh", "departments.Net_Work"),
        ("  OTH:", "  OTHER:", "categories.OTHER"),
        ("{UNK:", "{unk:", "categories.OTH.subcategories.unk"),
        ("{UNK: {zh: 未知, ", "{UNK: {", "categories.OTH.subcategories.UNK.zh"),
        ("en: Unknown", "en: Unknown, colour: red", "categories.OTH.subcategories.UNK.colour"),
        ("en: Unknown", "en: Unknown, red_line: maybe", "categories.OTH.subcategories.UNK.red_line"),
        ("en: Unknown", "en: Unknown, department: moon", "categories.OTH.subcategories.UNK.department"),
        ("coarse: [network, other]", "coarse: [network]", "categories.OTH.coarse"),
        ("coarse: [network, other]", "coarse: network", "coarse"),
        ("{UNK: {zh: 未知, en: Unknown}}", "{}", "categories.OTH.subcategories"),
        ("PRAISE: {", "THANKS: {", "categories"),
        ("coarse: [network, other]", "coarse: [network, other", "line 4, column 11"),
        ("coarse: [network, other]", "coarse: [other]\ncoarse: [network]", "line 4, column 1"),
    ],
)
def test_a_wrong_file_is_refused_with_file_place_and_remedy(correct: str, wrong: str, place: str) -> None:
    """One defect each; the small file itself is right."""
    assert UNKNOWN in parse_taxonomy(SMALL).subcategories
    assert correct in SMALL
    with pytest.raises(DataFileError) as refused:
        parse_taxonomy(SMALL.replace(correct, wrong, 1), "mine.yaml")
    assert str(refused.value).startswith(f"mine.yaml: {place} ")
    assert "; " in str(refused.value)
