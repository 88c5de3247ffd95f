"""Who and where somebody is, said in words: names beside a title or an introduction, and house numbers.

    张建国先生 -> ***先生    我叫李娜， -> 我叫**，    Mr John Smith -> Mr **** *****
    建设路12号3栋501室 -> 建设路**号*栋***室    Flat 4B, 12 Mill Road -> Flat **, ** Mill Road

Hides by shape: a surname that is common, a title next to it, a number before the word for a house. Road, estate and city
stay, since a fault is looked for there; without a number they are no address. Names without any such word are not seen.
Lengths stay. Numbers that speak for themselves (telephones, cards) are `models.privacy`.
"""

import re
from typing import Final

_SURNAME: Final = (
    "(?:欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|"
    "[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武莫孔汤向常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀胥南班储原栗燕楚鄢扶])"
)
_STAFF_SURNAME: Final = (
    "(?:欧阳|司马|诸葛|上官|"
    "[王李张刘陈杨黄赵吴周徐孙马朱胡郭林高罗郑梁谢宋唐邓冯韩曹彭萧蔡潘董袁余叶蒋杜苏魏吕丁沈姚卢傅钟姜崔谭廖范汪陆戴贾韦夏邱侯邹熊孟秦阎薛尹雷黎陶贺顾郝龚邵钱覃莫孔汤])"
)
"""Before a title that is a job the commonest alone, and none that ends a word: 值班经理, 曾经理论, 基金经理."""
_HAN: Final = "[\u4e00-\u9fff]"
_NO_NAME: Final = (
    "(?!高级|高度|安装|安全|施工|项目|和平|马上|时候|时间|向来|明明|任何|全部|管理|商家|官方|简直|常常|成年|老|"
    "连续|应该|解决|方便|关于|谢谢|白天|游戏|温馨|单位|全家|路由|农村|许多|何时|何况|费用|包月|国内|师傅|南方|万一|"
    "文化|华为|金牌|金卡|白金|钱包|车主|卫生|严重|于是|明天|时常|康复|江苏|陕西|云南|海南|湖南|河南|包括|安心|解释)"
)
_ZH_NAMES: Final = re.compile(
    # Before a title.
    rf"{_NO_NAME}{_SURNAME}{_HAN}{{0,2}}(?=先生|女士|小姐|太太|同志)"
    rf"|{_STAFF_SURNAME}(?=师傅|经理|主任|老师|队长|阿姨|大爷|大妈|工程师)"
    # After an introduction, up to where a name ends.
    rf"|(?<=我叫|我是|本人|姓名|机主|户名|户主|名叫|名字)(?:[是为叫：:]|[ ]){{0,2}}"
    rf"{_NO_NAME}{_SURNAME}{_HAN}{{1,2}}(?=[，。,.；;、！!？?（(\s0-9]|$|电话|手机|身份证|的(?:家|号|宽带|手机))"
    rf"|(?<=联系人|客户名|投诉人|报修人|申请人|收件人)(?:[是为叫：:]|[ ]){{0,2}}"
    rf"{_NO_NAME}{_SURNAME}{_HAN}{{1,2}}(?=[，。,.；;、！!？?（(\s0-9]|$|电话|手机)"
    rf"|(?<=姓){_SURNAME}(?=的|[，。,.；;、]|$)"
)
_ZH_SIGNS: Final = (
    "先生", "女士", "小姐", "太太", "同志", "师傅", "经理", "主任", "老师", "队长", "阿姨", "大爷", "大妈", "工程师",
    "我叫", "我是", "本人", "姓", "机主", "户名", "户主", "名叫", "名字", "联系人", "客户名", "投诉人", "报修人", "申请人", "收件人",
)  # fmt: skip

_NUMBER: Final = "(?:[0-9０-９]{1,4}|[一二三四五六七八九十百]{1,4}|[A-Za-z](?![A-Za-z]))"
_PART: Final = "(?:[0-9０-９A-Za-z]|[一二三四五六七八九十百]{1,4}(?:单元|楼|层|室|房|户|号|栋))"
"""What must follow for a number before `building` to be part of an address: in `no bar in building 3` none does."""
_HOUSE: Final = re.compile(
    # A road and a number, or two parts of a building, or a room.
    rf"(?:(?<=[路街巷弄道]){_NUMBER}(?:[-－]{_NUMBER})?(?=号|弄)|{_NUMBER}(?=(?:号楼|栋|幢|单元|号院)[ ，,]?{_PART})"
    rf"|(?<=[楼栋幢元院座])[ ，,]?{_NUMBER}(?=单元|室|房|户)|(?<=[楼栋幢元])[0-9０-９]{{3,4}}(?![0-9０-９元块兆M个])"
    rf"|(?<![0-9０-９.]){_NUMBER}(?=室(?!内|外|友)))"
)
_HOUSE_SIGNS: Final = ("路", "街", "巷", "弄", "道", "号楼", "栋", "幢", "单元", "号院", "室")

_EN_NAMES: Final = re.compile(
    r"(?<![A-Za-z])(?:(?:Mr|Mrs|Ms|Dr|Miss|Mister|Madam|Sir|MR|MRS|MS|DR)\.? +"
    r"|(?:[Mm]y|MY|[Tt]he|[Hh]er|[Hh]is) (?:full )?(?:name|NAME) (?:is|IS) +|(?:[Nn]ame|[Cc]ustomer|[Hh]older|[Cc]ontact) ?: *"
    r"|(?:I am|I'm|[Tt]his is|[Rr]egards,?|[Ss]incerely,?|[Tt]hanks,|[Ss]igned,?) +)"
    r"(?P<name>(?!I |I'm|The |My |Your |China |Telecom |Unicom |Mobile |VIP |Very |So |Not |Now |Still |No )[A-Z][A-Za-z'’\-]+(?: [A-Z][a-z'’\-]+){0,2})"
)
_EN_SIGNS: Final = (
    "Mr", "Ms", "MR", "MS", "Dr", "DR", "Miss", "Mister", "Madam", "Sir", "ame is", "AME IS", "ame:", "ame :", "ustomer", "older", "ontact",
    "I am ", "I'm ", "his is", "egards", "incerely", "hanks,", "igned",
)  # fmt: skip
_EN_HOUSE: Final = re.compile(
    r"(?<![0-9A-Za-z.,])(?:(?:(?i:flat|apartment|apt\.?|suite|room|house|building|unit|block)) ?#? ?(?P<room>[0-9]{1,5}[A-Za-z]?|[A-Z])(?![0-9A-Za-z%]|\.[0-9])"
    r"|(?P<house>[0-9]{1,5}[A-Za-z]?)(?= (?:[A-Z][a-z]+ ){1,3}"
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Way|Boulevard|Blvd|Terrace|Crescent|Square|Place)(?![A-Za-z])))"
)
_EN_HOUSE_SIGNS: Final = (
    "lat ", "part", "pt ", "pt.", "uite", "oom", "ouse", "uilding", "nit ", "lock", "St", "Road", "Rd", "Ave", "Lane", "Ln", "Dr",
    "Close", "Court", "Way", "B", "Ter", "Cres", "Square", "Place",
)  # fmt: skip
_LATIN: Final = re.compile("[A-Za-z]{2}")
"""What every English name or address has; few Chinese texts do."""
_DIGITS: Final = re.compile("[0-9]")


def hide_words(text: str) -> str:
    """Return `text` with names and house numbers written as `*`; the length stays. Twice changes nothing."""
    if not text.isascii():
        if _has(text, _ZH_SIGNS):
            text = _ZH_NAMES.sub(_hide_han, text)
        if _has(text, _HOUSE_SIGNS):
            text = _HOUSE.sub(_hide_number, text)
        if _LATIN.search(text) is None:
            return text
    if _has(text, _EN_SIGNS):
        text = _EN_NAMES.sub(_hide_name, text)
    if _DIGITS.search(text) and _has(text, _EN_HOUSE_SIGNS):
        text = _EN_HOUSE.sub(_hide_house, text)
    return text


def _has(text: str, signs: tuple[str, ...]) -> bool:
    for sign in signs:  # noqa: SIM110 - `any` costs three times as much
        if sign in text:
            return True
    return False


_HAN_CHARACTER: Final = re.compile(_HAN)
_SHOWN: Final = re.compile("[0-9０-９A-Za-z一二三四五六七八九十百]")
_LETTER: Final = re.compile("[A-Za-z]")


def _hide_han(match: re.Match[str]) -> str:
    found = match[0]
    # `我是：王…`: what leads over to the name stays.
    lead = len(found) - len(found.lstrip("是为叫：: "))
    return found[:lead] + _HAN_CHARACTER.sub("*", found[lead:])


def _hide_number(match: re.Match[str]) -> str:
    return _SHOWN.sub("*", match[0])


def _hide_name(match: re.Match[str]) -> str:
    start = match.start("name") - match.start()
    return match[0][:start] + _LETTER.sub("*", match["name"])


def _hide_house(match: re.Match[str]) -> str:
    number = match["room"] or match["house"]
    return match[0][: -len(number)] + "*" * len(number)
