"""What customers feel and mean to do: each flag by its words and places, in both languages, and what only looks like it."""

import pytest

from agents.compiledlexicon import kept_classifier
from models.intent import dissatisfaction, intents

CLASSIFIER = kept_classifier()


def told(text: str) -> set[tuple[str, str]]:
    """Return flag and word, as it stands in the text."""
    found = CLASSIFIER.classify(text)
    return {(one.code, text[one.start : one.end]) for one in intents(found)}


@pytest.mark.parametrize(
    ("text", "flag", "word"),
    [
        ("再不解决我就去工信部申诉", "escalation", "工信部"),
        ("已经打了12315", "escalation", "12315"),
        ("我要找律师起诉你们", "escalation", "律师"),
        ("I will go to the ombudsman about this bill", "escalation", "ombudsman"),
        ("my lawyer will write to you", "escalation", "lawyer"),
        ("再这样我要携号转网了", "churn", "我要携号转网"),
        ("逼我换成联通是吧", "churn", "换成联通"),
        ("I am switching to another provider next week", "churn", "switching to another provider"),
        ("taking my business elsewhere", "churn", "taking my business elsewhere"),
        ("家里老人听障，打不了电话", "vulnerable", "听障"),
        ("my father is hearing impaired and needs the line", "vulnerable", "hearing impaired"),
        ("電線杆倒了，怕觸電", "safety_or_loss", "觸電"),
        ("they stole my money", "safety_or_loss", "stole my money"),
        ("垃圾移动，气死我了", "anger", "气死"),
        ("You are THIEVES and crooks", "anger", "THIEVES"),
    ],
)
def test_a_flag_is_told_by_its_word_and_place(text: str, flag: str, word: str) -> None:
    """Also in traditional characters and capitals: the place is that of the text as it was written."""
    assert (flag, word) in told(text)


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("携号转网的验证码收不到", "churn"),
        ("怎么换成联通的套餐显示", "anger"),
        ("I want to change to another plan", "churn"),
        ("the courteous agent helped", "escalation"),
        ("不是老人机，是智能手机", "escalation"),
        ("我不是要找律师，只想退费", "escalation"),
        ("the shitake delivery app does not load", "anger"),
    ],
)
def test_what_only_looks_like_it_is_not_told(text: str, flag: str) -> None:
    """A subject is no threat, part of a word no word, and what is denied is not meant."""
    assert flag not in {code for code, _ in told(text)}


@pytest.mark.parametrize(
    ("level", "texts"),
    [
        (0, ("服务非常好，表扬客服", "请问怎么办理漫游", "can you tell me what is the roaming price")),
        (1, ("每天晚上上网很慢", "the data is slow in the evening")),
        (2, ("凭什么扣我的费，太过分", "no internet at all, still waiting", "我要携号转网")),
        (3, ("骗子公司，乱扣费", "再不处理就去工信部投诉", "I am furious about this bill", "太失望了，准备换成电信")),
    ],
)  # fmt: skip
def test_dissatisfaction_has_four_levels(level: int, texts: tuple[str, ...]) -> None:
    """Asks or praises, complains, is aggrieved or means to leave, is furious or turns to others."""
    assert {text: dissatisfaction(CLASSIFIER.classify(text)) for text in texts} == dict.fromkeys(texts, level)


def test_a_text_without_flags_tells_nothing() -> None:
    """And none tells more than eight words."""
    assert told("每天晚上上网很慢") == set()
    found = CLASSIFIER.classify("骗子" * 50)
    assert len(intents(found)) == 8


@pytest.mark.parametrize(
    ("text", "is_spam"),
    [
        ("代开各类发票，联系微信，量大从优", True),
        ("诚招代理，兼职日结，加我微信咨询", True),
        ("Crypto mentor here, guaranteed profit, add me on telegram", True),
        ("Buy followers cheap, dm me to earn", True),
        ("天天收到代开发票的垃圾短信，气死了", False),
        ("你们的业务员让我加微信办卡，然后乱扣费", False),
        ("I keep getting spam texts: earn $500 a day from home", False),
        ("业务员叫我加微信转账，钱到现在没退", False),
        ("今天天气不错", False),
    ],
)
def test_an_advertisement_is_spam_and_a_complaint_about_one_is_none(text: str, is_spam: bool) -> None:
    """Who sells sells; who complains has a category, or is angry."""
    assert CLASSIFIER.classify(text).is_spam is is_spam
