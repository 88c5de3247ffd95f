"""Classification: every code can be reached in both languages, nothing can break it, and positions are true."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.compiledlexicon import kept_classifier
from models.classify import Classification, Classifier
from models.errors import DataFileError
from models.fold import load_folding
from models.lexicon import parse_lexicon
from models.spelling import spellings
from models.taxonomy import UNKNOWN, load_taxonomy

CLASSIFIER = kept_classifier()
TAXONOMY = load_taxonomy()
FOLDING = load_folding()

EXAMPLES = {
    "NET.COV": ("我们村里一直没有信号，只能爬到山上打电话", "There is no signal anywhere around our farm"),
    "NET.INDOOR": ("一走进地下车库手机就没信号了", "I get no reception inside my house, only in the garden"),
    "NET.DROP": ("最近打电话老是自动挂断，说到一半就断了", "My calls keep dropping after two minutes"),
    "NET.VOICE": (
        "通话有杂音，听不清对方说话",
        "The call quality is terrible and I can barely hear my mother",
    ),
    "NET.SPEED": ("5g网速太慢，手机上网慢得像蜗牛", "Mobile data is painfully slow at lunch time"),
    "NET.DATA": ("手机数据上不了网，微信打不开", "My mobile data is not working since this morning"),
    "NET.LATENCY": ("打王者延迟很高，一直卡顿", "Huge lag and high ping whenever I play online"),
    "NET.OUTAGE": (
        "整个小区全部断网，邻居都上不了网",
        "There is a major outage and the whole street is offline",
    ),
    "NET.ROAM": ("在泰国漫游用不了，没有信号", "Roaming is not working in Spain, I have no data abroad"),
    "NET.SMS": ("收不到银行的短信验证码", "I can't receive text messages from my bank"),
    "BRD.DOWN": ("家里宽带断网了，光猫信号正常但上不了网", "Our broadband is down again this evening"),
    "BRD.SLOW": ("办的千兆宽带，测速只有一百兆", "I pay for 500 but get slow broadband speeds every night"),
    "BRD.FLAP": ("宽带频繁掉线，十分钟断一次", "The internet keeps disconnecting every few minutes"),
    "BRD.INSTALL": (
        "预约安装宽带一个多星期，没人来装",
        "Still waiting for the installation of my new fibre line",
    ),
    "BRD.REPAIR": (
        "报修三天了，维修师傅一直没上门",
        "The technician never showed up for the repair appointment",
    ),
    "BRD.IPTV": ("机顶盒打不开，电视黑屏看不了", "My TV channels are frozen and there is no picture"),
    "BRD.WIFI": (
        "卧室wifi信号很弱，路由器穿墙不行",
        "The wifi signal is weak upstairs and drops in the bedroom",
    ),
    "BIL.OVER": (
        "这个月被多扣了五十块话费，属于重复扣费",
        "You overcharged me, I was billed twice this month",
    ),
    "BIL.DISPUTE": (
        "我对这笔费用有异议，明明没欠费却说我欠费",
        "I want to raise a billing dispute, I do not owe this",
    ),
    "BIL.DATAFEE": (
        "流量莫名其妙超出，套餐外流量费太高",
        "My data allowance vanished and I got an overage charge",
    ),
    "BIL.PLANFEE": ("套餐月租比办理的时候多收，套餐费不对", "The monthly plan fee went up without reason"),
    "BIL.VASFEE": ("账户里被扣了增值业务费和代收费", "I was charged for a premium SMS service"),
    "BIL.REFUND": ("多交的押金一直不退，要求退款", "I want a refund of my deposit"),
    "BIL.BILLVIEW": ("账单看不懂，没有费用明细", "I cannot understand my bill, please send an itemised bill"),
    "BIL.INVOICE": ("电子发票开不出来，抬头也不对", "Please send me a VAT invoice for last year"),
    "PLN.CHANGE": ("想改成低档套餐，客服说不能降档", "You won't let me downgrade my plan to a cheaper one"),
    "PLN.COMPLEX": ("套餐规则太复杂，根本看不懂套餐内容", "Your plans are confusing and full of small print"),
    "PLN.FLEX": ("套餐不灵活，流量用不完也不能转赠", "The packages are inflexible, I do not need a landline"),
    "PLN.CONTRACT": ("合约期没到要交违约金才能解约", "They want an early termination fee to end my contract"),
    "PLN.LUCKY": ("靓号低消太高，最低消费要一百多", "My vanity number has a minimum spend I never wanted"),
    "PLN.CANCEL": ("业务无法退订，取消不了", "I have been trying to unsubscribe from this add-on"),
    "MKT.UNAWARE": ("未经我同意擅自开通业务", "You added a service without my consent"),
    "MKT.MISLEAD": ("业务员虚假宣传，诱导老人办理", "The salesman lied to me, this is false advertising"),
    "MKT.HARASS": ("天天打推销电话骚扰我", "Stop the sales calls, your telemarketers ring daily"),
    "MKT.PROMO": (
        "充值活动承诺的赠送话费一直没到账，活动不兑现",
        "I never received the promised gift card rebate",
    ),
    "MKT.AGENT": ("代理商违规办理业务，是你们的加盟店", "The authorised dealer forged my signature"),
    "SVC.ATT": ("营业员态度恶劣，非常不耐烦", "The agent was extremely rude and hung up on me"),
    "SVC.SLOW": ("投诉后一直没人处理，石沉大海", "Nobody responds and my case is still unresolved"),
    "SVC.WAIT": ("人工客服一直占线，根本打不通", "I was on hold for two hours waiting in the queue"),
    "SVC.ERR": (
        "工作人员操作失误，给我办错了业务",
        "The clerk made a mistake and entered my name incorrectly",
    ),
    "SVC.KNOW": ("客服一问三不知，业务不熟", "The reps are clueless and give contradictory information"),
    "SVC.PROMISE": (
        "答应给我的事没做到，出尔反尔，不守信用",
        "They broke their promise and never called back",
    ),
    "SVC.HALL": ("跑了三趟营业厅都说系统不行，白跑一趟", "I drove to the store and the branch was closed"),
    "SVC.BOT": ("机器人客服答非所问，转不了人工", "The chatbot is useless, I cannot speak to a real person"),
    "BUS.OPEN": ("新办的号码还没开通，激活失败", "My new line has still not been activated"),
    "BUS.CLOSE": ("不给销户，营业厅拒绝办理注销号码", "You refuse to let me close my account"),
    "BUS.MNP": ("想携号转网，被各种理由限制", "I asked to port my number out and the porting failed"),
    "BUS.REAL": (
        "实名认证人脸识别通不过，过户办不了",
        "The identity verification failed when I registered the SIM",
    ),
    "BUS.SIM": ("卡丢了要补卡，异地补卡办不了", "My SIM card is damaged and I need a replacement SIM"),
    "BUS.STOP": ("无故停机，交了费还不给复机", "You suspended my line, please reinstate my service"),
    "VAS.FRAUD": (
        "点了一下就扣费，增值业务欺诈吸费",
        "A premium SMS scam, I clicked on an ad and was subscribed",
    ),
    "VAS.USE": ("视频会员权益领取不了，彩铃没生效", "My voicemail and call forwarding stopped working"),
    "VAS.CONTENT": ("推送的视频内容低俗，片源老旧", "The videos in your library are outdated and vulgar"),
    "VAS.RENEW": ("会员到期自动续费，没有任何提醒", "The free trial ended and it auto-renewed"),
    "DEV.PHONE": ("买的合约手机开不了机，要求保修", "The handset is defective, the screen cracked by itself"),
    "DEV.APP": ("手机营业厅app闪退，登录不了", "Your app keeps crashing and I cannot log in"),
    "DEV.CPE": ("光猫亮红灯，设备老化要更换光猫", "The modem you sent is faulty and keeps rebooting"),
    "DEV.ECOM": (
        "在网上商城下单半个月没发货，要退货",
        "My order has not arrived, the parcel was lost by the courier",
    ),
    "SEC.LEAK": ("我的个人信息被泄露，手机号被倒卖", "You leaked my personal data, this is a data breach"),
    "SEC.SPAM": ("每天收到垃圾短信，怎么屏蔽广告短信", "I am flooded with spam texts from short codes"),
    "SEC.FRAUDCALL": (
        "接到诈骗电话冒充公安",
        "I keep getting scam calls from someone pretending to be the police",
    ),
    "SEC.THEFT": ("有人冒用我的身份证办卡，号码被盗用", "My account was hacked in a sim swap"),
    "ENT.LINE": ("公司互联网专线中断，丢包严重", "Our leased line is down at the branch office"),
    "ENT.CLOUD": ("云主机宕机，机房断电", "Our cloud server in your data centre is unreachable"),
    "ENT.IOT": ("物联网卡批量掉线，流量池异常", "Thousands of our IoT devices lost their M2M connection"),
    "ENT.VIDEO": ("千里眼摄像头离线，监控看不了回放", "The CCTV cameras are offline and nothing is recorded"),
    "ENT.SLA": (
        "故障恢复超时，没有达到SLA承诺的可用率",
        "You breached the SLA, uptime is below the guarantee",
    ),
    "ENT.BILLENT": (
        "集团账单对账对不上，统付金额有误",
        "The consolidated billing of our company lines is wrong",
    ),
    "POL.RULE": ("这是什么霸王条款，规定太不合理", "This is a ridiculous policy and an unfair practice"),
    "POL.COMP": ("要求赔偿误工费和损失", "I demand compensation for the lost income"),
    "SUG.SUG": ("建议你们增加夜间流量包", "I would like to suggest a family tablet option"),
    "SUG.PRAISE": (
        "师傅服务非常好，必须点赞表扬",
        "Excellent service, the agent was very helpful, thank you so much",
    ),
    "OTH.MKTINFO": (
        "友商推出新套餐，市场份额在变",
        "The rival network just launched and its market share is growing",
    ),
    "OTH.NOTOURS": (
        "小区楼顶基站辐射太大，要求铁塔公司拆除",
        "The phone mast radiation near the school worries us",
    ),
    "OTH.UNK": ("你好，在吗", "Hello there"),
}


@pytest.mark.parametrize("code", sorted(TAXONOMY.subcategories))
def test_every_subcategory_is_reached_in_chinese(code: str) -> None:
    """A plain sentence about each code is understood as that code."""
    assert _code(EXAMPLES[code][0]) == code


@pytest.mark.parametrize("code", sorted(TAXONOMY.subcategories))
def test_every_subcategory_is_reached_in_english(code: str) -> None:
    """A plain sentence about each code is understood as that code."""
    assert _code(EXAMPLES[code][1]) == code


def _code(text: str) -> str:
    return CLASSIFIER.classify(text).subcategory


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("不是网络问题，是乱扣费", "BIL.OVER"),
        ("并非信号差，而是客服态度恶劣", "SVC.ATT"),
        ("this is not a billing problem, there is no signal here", "NET.COV"),
        ("It isn't about the refund. Your agent was rude to me", "SVC.ATT"),
    ],
)
def test_a_denied_term_does_not_count(text: str, code: str) -> None:
    """What the customer says it is not, it is not; the denial ends with its clause."""
    assert _code(text) == code


@pytest.mark.parametrize(
    "text", ["a billion reasons", "the discharge lamp", "signalling theory", "他出差了", "差不多吧"]
)
def test_a_term_inside_another_word_does_not_count(text: str) -> None:
    """`bill` is no part of `billion`, and 差 in 出差 is no bad quality."""
    assert _code(text) == UNKNOWN


@pytest.mark.parametrize(
    ("plain", "variant"),
    [
        ("app闪退打不开", "ＡＰＰ閃退打不開"),
        ("宽带断网了", "寬帶斷網了"),
        ("i can't get through to customer service", "I CAN’T GET THROUGH TO CUSTOMER SERVICE"),
        ("slow internet\nevery night", "Slow Internet every night"),
    ],
)
def test_spelling_variants_are_one(plain: str, variant: str) -> None:
    """Case, full width, traditional characters, curly quotes and line ends change nothing."""
    assert CLASSIFIER.classify(plain).subcategory == CLASSIFIER.classify(variant).subcategory != UNKNOWN


def test_a_handle_says_nothing_about_the_complaint() -> None:
    """The account that a post is addressed to is no complaint about customer service."""
    assert _code("@某某运营商客服 在吗") == UNKNOWN
    assert _code("@SlowInternetHelp hello") == UNKNOWN


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("再不处理我就投诉到工信部", "escalation"),
        ("I will report you to the ombudsman", "escalation"),
        ("家里八十岁的老人没法打电话", "vulnerable"),
        ("My disabled mother depends on this line", "vulnerable"),
        ("遇到诈骗，被骗了两万元", "safety_or_loss"),
        ("A scammer stole my money through your network", "safety_or_loss"),
        ("宽带断网，完全不能用", "unusable"),
        ("The internet is completely down", "unusable"),
        ("请问怎么办理亲情号", "is_enquiry"),
        ("How do I set up voicemail", "is_enquiry"),
        ("师傅服务真好，点赞", "is_praise"),
        ("未经我同意就开通了业务", "red_line"),
    ],
)
def test_a_text_says_more_than_its_category(text: str, flag: str) -> None:
    """What triage needs to know is read in the same pass."""
    assert getattr(CLASSIFIER.classify(text), flag) is True
    assert getattr(CLASSIFIER.classify("套餐资费说明看不懂"), flag) is False


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("网速慢", "zh"),
        ("slow", "en"),
        ("4G网络太慢了", "zh"),
        ("My 宽带 is 断网 again today", "mixed"),
        ("", "en"),
    ],
)
def test_the_language_is_told_by_the_characters(text: str, lang: str) -> None:
    """Latin product names do not make a Chinese text English."""
    assert CLASSIFIER.classify(text).lang == lang


def test_weak_evidence_is_no_verdict() -> None:
    """A text without terms is unknown, with confidence 0; a deciding term gives more than a hint does."""
    unknown = CLASSIFIER.classify("今天天气不错")
    assert (unknown.subcategory, unknown.coarse, unknown.confidence) == (UNKNOWN, "other", 0.0)
    hint, decided = CLASSIFIER.classify("关于宽带"), CLASSIFIER.classify("宽带断网")
    assert 0 < hint.confidence < decided.confidence <= 1


def test_the_other_codes_are_named_by_their_share() -> None:
    """A complaint of two things names both; shares are of all evidence."""
    both = CLASSIFIER.classify("宽带天天断网，而且客服态度恶劣")
    assert both.category == "BRD"
    assert "SVC.ATT" in [alternative.code for alternative in both.secondary]
    assert all(0 < alternative.score < 1 for alternative in both.secondary)


def test_evidence_shows_the_words_of_the_original_text() -> None:
    """Positions are those of the text as it came, whatever folding did to it."""
    text = "投訴：手機訊號很差，ＡＰＰ也閃退"
    for evidence in CLASSIFIER.classify(text).evidence:
        shown = FOLDING.fold(text[evidence.start : evidence.end])
        first, _, second = evidence.term.partition(" … ")
        assert shown.startswith(first)
        assert shown.endswith(second)


@given(
    st.text(max_size=200)
    | st.text(alphabet="不是信号差没有 billing internet slow down,。@’İﬁＡ1\n\ud800", max_size=60)
)
def test_any_text_is_classified(text: str) -> None:
    """Nothing raises, codes belong together, and every position lies in the text."""
    result = CLASSIFIER.classify(text)
    leaf = TAXONOMY.subcategory(result.subcategory)
    assert (leaf.category, leaf.coarse, leaf.red_line) == (result.category, result.coarse, result.red_line)
    assert 0 <= result.confidence <= 1
    assert result.lang in {"zh", "en", "mixed"}
    assert len(result.secondary) <= 3
    for evidence in result.evidence:
        assert 0 <= evidence.start < evidence.end <= len(text)
        assert evidence.weight > 0


@given(st.text())
def test_folding_keeps_every_position(text: str) -> None:
    """One character stays one character: else evidence would point beside the words."""
    assert len(FOLDING.fold(text)) == len(text)
    assert FOLDING.fold(FOLDING.fold(text)) == FOLDING.fold(text)


@given(st.text(alphabet="宽带断网信号差客服 billslow", max_size=40))
def test_classification_depends_on_the_text_alone(text: str) -> None:
    """A classifier that has seen other texts says the same: what it remembers are rules, not texts."""
    first = CLASSIFIER.classify(text)
    CLASSIFIER.classify("完全不同的投诉 about a billing error")
    again = CLASSIFIER.classify(text)
    assert (first.subcategory, first.confidence, first.flags, first.hits) == (
        again.subcategory,
        again.confidence,
        again.flags,
        again.hits,
    )


def _small(body: str) -> Classifier:
    header = "language: zh\npair_window: 4\n"
    return Classifier(parse_lexicon({"small.yaml": header + body}, TAXONOMY, FOLDING), TAXONOMY)


def test_a_longer_word_swallows_the_terms_inside_it() -> None:
    """Also when it means nothing itself; and a word of a group keeps what the term inside it says."""
    judge = _small(
        "neutral: [电话卡]\ngroups: {things: [大电话], bad: [坏]}\n"
        "codes: {NET.VOICE: {reason: r, terms: {3: [电话]}, pairs: [{of: [things, bad], weight: 2}]}}"
    )
    assert judge.classify("电话").subcategory == "NET.VOICE"
    assert judge.classify("电话卡").subcategory == UNKNOWN
    assert [hit.weight for hit in judge.classify("大电话坏").evidence] == [3.0, 2.0]


def test_a_longer_term_that_does_not_end_here_leaves_the_words_that_begin_it() -> None:
    """`charged for` is no part of `charged forty`, but `charged` is; also where the shorter one has no edges."""
    judge = _small(
        "codes: {BIL.OVER: {reason: r, terms: {3: [charged], 4: [charged for], 2: [扣], 5: [扣 app]}}}"
    )
    assert [hit.term for hit in judge.classify("charged forty").evidence] == ["charged"]
    assert [hit.term for hit in judge.classify("扣 apple").evidence] == ["扣"]
    assert [hit.term for hit in judge.classify("扣 app").evidence] == ["扣 app"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("could upgrade", ["upgrade"]),
        ("missed appointments", ["missed", "appointments"]),
        ("uncould u", []),
        ("uncould upgrade now", ["upgrade now"]),
        ("missed appointments, could upgrade now", ["missed", "appointments", "upgrade now"]),
    ],
)
def test_a_longer_term_that_is_not_there_hides_no_words(text: str, terms: list[str]) -> None:
    """Neither one that ends within a word nor one that begins within one: what begins within it is found, in its place."""
    judge = _small(
        "codes: {PLN.CHANGE: {reason: r, terms: {2: [could u, upgrade, missed, appointments, missed appointment], 3: [upgrade now]}}}"
    )
    found = sorted(judge.classify(text).evidence, key=lambda hit: hit.start)
    assert [hit.term for hit in found] == terms
    assert all(text[hit.start : hit.end] == hit.term for hit in found)


def test_a_pair_counts_within_its_window_and_a_phrase_in_its_order() -> None:
    """`of` pairs hold in both orders, `~` in the written one; beyond the window neither does."""
    judge = _small(
        "groups: {signal: [信号], bad: [差]}\n"
        "codes:\n  NET.COV: {reason: r, pairs: [{of: [signal, bad], weight: 2}]}\n"
        "  SVC.ATT: {reason: r, terms: {2: [客服 ~2 凶]}}"
    )
    assert {judge.classify(text).subcategory for text in ("信号好差", "差的信号", "信号一二三四差")} == {
        "NET.COV"
    }
    assert judge.classify("信号一二三四五差").subcategory == UNKNOWN
    assert judge.classify("客服很凶").subcategory == "SVC.ATT"
    assert judge.classify("凶的客服").subcategory == UNKNOWN


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("codes: {NET.NONE: {reason: r}}", "codes.NET.NONE"),
        ("codes: {NET.COV: {terms: {3: [a]}}}", "codes.NET.COV.reason"),
        ("codes: {NET.COV: {reason: r, terms: {heavy: [a]}}}", "codes.NET.COV.terms.heavy"),
        ("codes: {NET.COV: {reason: r, terms: {3: [no]}}}", "codes.NET.COV.terms.3"),
        ("codes: {NET.COV: {reason: r, terms: {3: [a ~ b ~ c]}}}", "codes.NET.COV.terms.3[0]"),
        ("codes: {NET.COV: {reason: r, pairs: [{of: [x, y], weight: 2}]}}", "codes.NET.COV.pairs[0].of"),
        ("flags: {angry: {reason: r}}", "flags.angry"),
        ("neutral: [a*b]", "neutral[0]"),
        ("wrong: 1", "wrong"),
    ],
)
def test_a_wrong_term_file_is_refused_with_its_place(body: str, place: str) -> None:
    """File and place stand in the message, and what to do."""
    with pytest.raises(DataFileError) as refused:
        _small(body)
    assert str(refused.value).startswith("small.yaml: " + place)
    assert ";" in str(refused.value)


def test_a_written_term_stands_for_its_spellings() -> None:
    """Choices multiply, and nested ones belong to their bracket."""
    assert spellings("call(s|) (drop|dro(w|v)n)", "f", "p") == (
        "calls drop",
        "calls drown",
        "calls drovn",
        "call drop",
        "call drown",
        "call drovn",
    )
    for wrong in ("(a|b", "a)b", "(1|2|3|4|5|6|7|8|9|0)" * 4):
        with pytest.raises(DataFileError):
            spellings(wrong, "f", "p")


def test_a_classification_without_a_lexicon_has_no_evidence() -> None:
    """Such as one that a test builds by hand."""
    made = Classification("NET", "NET.DROP", "network", 0.5, "zh")
    assert made.evidence == ()
    assert made.secondary == ()
