"""The numbers of the join are data: complete, of the taxonomy, and refused where they cannot be right."""

import pytest

from models.datafile import packaged
from models.errors import DataFileError
from models.explains import FILE, load_explanations, parse_explanations, weight_of
from models.taxonomy import load_taxonomy

TEXT = packaged(FILE)


@pytest.mark.parametrize(
    ("services", "subcategory", "low", "high"),
    [
        (("mobile",), "NET.OUTAGE", 0.9, 1),
        (("mobile",), "BRD.DOWN", 0, 0),
        (("mobile", "broadband"), "BRD.DOWN", 0.9, 1),
        (("mobile",), "NET.SMS", 0.5, 0.7),
        (("iptv",), "NET.OUTAGE", 0, 0),
        ((), "BRD.DOWN", 0.5, 0.9),
        (("a service of theirs",), "BRD.DOWN", 0.5, 0.9),
        (("mobile", "broadband", "iptv", "leased-line"), "BIL.OVER", 0, 0),
    ],
)
def test_a_service_explains_what_it_carries(
    services: tuple[str, ...], subcategory: str, low: float, high: float
) -> None:
    """Of several the one that explains most; a subcategory before its category; unknown services like unstated ones."""
    assert low <= weight_of(load_explanations().of(services), subcategory) <= high


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("NET.OUTAGE: 0.95", "NET.OUTAG: 0.95", "NET.OUTAG"),
        ("NET.OUTAGE: 0.95", "NET.OUTAGE: 1.5", "from 0 to 1"),
        ("products: [mobile]", "products: [moble]", "moble"),
        ("same_element: 1.0", "same_elements: 1.0", "same_elements"),
        ("link_at: 0.2", "link_at: 0", "link_at"),
        ("product_differs", "product_differ", "product_differ"),
    ],
)
def test_a_wrong_number_or_name_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    """A misspelt code would otherwise be without effect."""
    assert old in TEXT
    with pytest.raises(DataFileError, match=said):
        parse_explanations(TEXT.replace(old, new, 1), load_taxonomy())
