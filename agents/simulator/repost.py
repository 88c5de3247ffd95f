"""A text that goes round: one original, and what people who pass it on change about it.

Owns the edits. They are small: what near-duplicate detection is for, and what equality of texts does not find.
"""

from typing import Final

from agents.simulator.draw import Draws

ORIGINALS: Final = (
    "注意了！我的号码每月被悄悄扣{fee}元会员费，查账单才看见，从没点过同意。打客服只说是自动续费，钱不退。请大家都去查一下自己的账单，一起投诉！",
    "转发求扩散：话费里藏着一项{fee}元的权益包，到期自己续，关都关不掉。本人从来没用过，要求退费并公开说明。看到的朋友快查自己有没有中招！",
)
_FEES: Final = ("15", "19", "20", "25", "30")
_BEFORE: Final = ("", "", "", "转：", "转发！", "我也是！", "同样被扣，", "【转】")
_AFTER: Final = ("", "", "", "！", "！！", "顶", "（转发）", "大家快看", " +1")
_SWAPS: Final = (
    ("客服", "10086"),
    ("我的", "我家"),
    ("大家", "各位"),
    ("！", "。"),
    ("，", "、"),
    ("号码", "手机号"),
)


def reposts(draws: Draws, count: int) -> tuple[str, tuple[str, ...]]:
    """Return the original and `count` texts made of it."""
    original = ORIGINALS[draws.within(0, len(ORIGINALS))].replace("{fee}", _FEES[draws.within(0, len(_FEES))])
    before, after = draws.below(len(_BEFORE), count).tolist(), draws.below(len(_AFTER), count).tolist()
    swaps, places = draws.below(len(_SWAPS) + 4, count).tolist(), draws.uniform(count).tolist()
    texts = []
    for first, last, swap, place in zip(before, after, swaps, places, strict=True):
        text = original
        if swap < len(_SWAPS):
            text = text.replace(*_SWAPS[swap], 1)
        elif swap == len(_SWAPS):
            at = int(place * len(text))
            text = text[:at] + text[at + 1 :]
        texts.append(_BEFORE[first] + text + _AFTER[last])
    return original, tuple(texts)
