"""A small model for tests: trained in a moment on a handful of made up texts."""

from functools import cache
from typing import Final

from agents.training.fit import Example, train
from models.opinion import Opinion, Saved, read, save

BITS: Final = 14
TEXTS = {
    ("NET", "NET.SPEED"): (
        "the zorple hums slowly",
        "zorple speed dies",
        "my zorple crawls",
        "青铜树慢",
        "青铜树卡住",
    ),
    ("BIL", "BIL.OVER"): (
        "a quibble cost me",
        "quibble taken twice",
        "they took a quibble",
        "紫云被扣",
        "紫云多收",
    ),
    ("OTH", "OTH.UNK"): (
        "lovely day today",
        "what a lovely song",
        "hello lovely people",
        "天气真好",
        "歌真好听",
    ),
}


def examples() -> list[Example]:
    return [
        Example(text, label, code)
        for (label, code), texts in TEXTS.items()
        for text in texts
        for _ in range(3)
    ]


@cache
def saved() -> Saved:
    return train(examples(), steps=25, bits=BITS)


@cache
def opinion() -> Opinion:
    return read(save(saved()), "small")
