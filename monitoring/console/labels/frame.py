"""Labels around every page: navigation, how good the data is, severities, signing in: name -> (English, Chinese)."""

from typing import Final

LABELS: Final[dict[str, tuple[str, str]]] = {
    # The frame
    "console": ("Operations console", "运行监控台"),
    "page.board": ("Board", "预警看板"),
    "page.warning": ("Warning", "预警详情"),
    "page.regions": ("Regions", "区域热力"),
    "page.satisfaction": ("Satisfaction", "满意度"),
    "page.pipeline": ("Pipeline", "数据管道"),
    "page.handover": ("Handover", "交接班"),
    "skip": ("Skip to the content", "跳到正文"),
    "pages": ("Pages", "页面"),
    "theme.light": ("Light", "浅色"),
    "theme.dark": ("Dark", "深色"),
    "theme.to_light": ("Switch to light", "切换为浅色"),
    "theme.to_dark": ("Switch to dark", "切换为深色"),
    "language.other": ("中文", "English"),
    "signed in": ("Signed in as {name}", "当前用户：{name}"),
    "role.view": ("may look", "只读"),
    "role.operate": ("may act", "可操作"),
    "sign out": ("Sign out", "退出"),
    # How good the data is
    "live": ("Live", "实时"),
    "live.long": ("Everything that Kafka holds is shown", "已显示 Kafka 中的全部数据"),
    "behind": ("Catching up", "追赶中"),
    "behind.long": ("True up to a moment ago; more is coming in", "稍前为止的数据正确，新数据正在载入"),
    "rebuilding": ("Rebuilding", "重建中"),
    "rebuilding.long": (
        "The board is being read anew from Kafka ({share} %). What you see is its former state.",
        "看板正从 Kafka 重建（{share}%），当前显示重建前的状态。",
    ),
    "stale": ("Data is {age} old", "数据已过时 {age}"),
    "stale.long": (
        "Nobody has vouched for this page for {age}: no worker writes the board, or Redis cannot be reached. The stream itself may well go on.",
        "本页数据已有 {age} 未经核对：没有处理进程在写看板，或无法连接 Redis。数据流本身可能仍在正常处理。",
    ),
    "missing": ("No data yet", "暂无数据"),
    "missing.long": (
        "The board is empty: it was never written, or Redis has just been emptied. Workers put it up by themselves within seconds.",
        "看板为空：尚未写入，或 Redis 刚被清空。处理进程会在数秒内自动恢复。",
    ),
    "redis": ("Redis does not answer", "Redis 无响应"),
    "redis.long": (
        "{fault}. What you see is {age} old. This page comes back by itself.",
        "{fault}。当前数据为 {age} 之前，恢复后本页会自动更新。",
    ),
    "offline": ("Disconnected", "连接中断"),
    "offline.long": (
        "This browser has lost the console. What you see is {age} old; it connects again by itself.",
        "浏览器与监控台失去连接。当前数据为 {age} 之前，将自动重连。",
    ),
    "loading": ("Loading …", "载入中……"),
    # Severities
    "critical": ("Critical", "红色"),
    "major": ("Major", "橙色"),
    "minor": ("Minor", "黄色"),
    "warning": ("Warning", "蓝色"),
    "cleared": ("Cleared", "解除"),
    "letter.critical": ("R", "红"),
    "letter.major": ("O", "橙"),
    "letter.minor": ("Y", "黄"),
    "letter.warning": ("B", "蓝"),
    "letter.cleared": ("–", "解"),
    # Transitions
    "raised": ("raised", "触发"),
    "escalated": ("worse", "升级"),
    "deescalated": ("better", "降级"),
    "recovering": ("recovering", "恢复中"),
    "relapsed": ("relapsed", "复发"),
    # Signing in
    "login.title": ("Sign in", "登录"),
    "login.token": ("Token", "访问令牌"),
    "login.name": ("Your name, as others will read it", "您的姓名（操作记录中显示）"),
    "login.wrong": ("This token is wrong.", "令牌错误。"),
    "login.often": ("Too many tries; wait a minute.", "尝试次数过多，请稍候一分钟。"),
    "unit.s": ("{n} s", "{n}秒"),
    "unit.min": ("{n} min", "{n}分"),
    "unit.h": ("{n} h", "{n}小时"),
    "unit.d": ("{n} d", "{n}天"),
}
