"""Labels of the handover page: name -> (English, Chinese)."""

from typing import Final

LABELS: Final[dict[str, tuple[str, str]]] = {
    # Handover
    "handover.title": ("Shift handover", "交接班记录"),
    "handover.span": ("{start} to {end}", "{start} 至 {end}"),
    "handover.hours": ("Last {hours} h", "近 {hours} 小时"),
    "handover.print": ("Print", "打印"),
    "handover.open": ("Still open", "未解除"),
    "handover.fired": ("Fired and over in this shift", "本班触发并已解除"),
    "handover.holds": ("Silences and planned work", "静默与割接"),
    "handover.incidents": ("Open incidents", "未恢复事件"),
    "handover.notes": ("Notes of this shift", "本班备注"),
    "handover.none": ("None.", "无。"),
    "handover.raised": ("raised", "触发"),
    "handover.cleared": ("over", "解除"),
    "handover.still": ("open now", "当前未解除"),
    "handover.unclaimed": ("of them unclaimed", "其中未确认"),
    "handover.false": ("false alarms", "误报"),
    "handover.by": ("Handed over by", "交班人"),
    "handover.to": ("Taken over by", "接班人"),
    "handover.remarks": ("Remarks", "补充说明"),
    "handover.printed": ("As of {time}", "生成时间 {time}"),
    "handover.reading": ("Reading the states of warnings …", "正在读取预警状态……"),
    "column.who": ("Who", "处理人"),
    "column.since": ("Since", "起始"),
    "column.until": ("Until", "截止"),
    "column.id": ("Id", "编号"),
    "column.notes": ("Notes", "备注"),
    "open end": ("open", "未定"),
}
