"""The words that several kinds of events share: channels, segments, products, places. Values are those on the wire."""

from enum import StrEnum
from typing import Final


class Channel(StrEnum):
    """Where a customer spoke to the operator, or about it."""

    HOTLINE = "hotline"
    CHAT = "chat"
    APP = "app"
    WEB = "web"
    WECHAT = "wechat"
    HALL = "hall"
    SOCIAL = "social"
    SUGGESTION_BOX = "suggestion_box"
    THIRD_PARTY = "third_party"
    REGULATOR = "regulator"
    GOVERNMENT_HOTLINE = "12345"
    CONSUMER_HOTLINE = "12315"
    MEDIA = "media"


ESCALATION_CHANNELS: Final = frozenset(
    {Channel.REGULATOR, Channel.GOVERNMENT_HOTLINE, Channel.CONSUMER_HOTLINE, Channel.MEDIA}
)
"""Channels that pass over the operator (越级)."""


WRITTEN_CHANNELS: Final = frozenset(Channel) - {Channel.HOTLINE, Channel.HALL}
"""Channels whose texts customers write. On the others staff does, in the same words every time."""


class Segment(StrEnum):
    INDIVIDUAL = "individual"
    FAMILY = "family"
    GROUP = "group"
    UNKNOWN = "unknown"


class Product(StrEnum):
    MOBILE = "mobile"
    HOME = "home"
    VAS = "vas"
    ENTERPRISE = "enterprise"
    UNKNOWN = "unknown"


class AgeBand(StrEnum):
    YOUTH = "youth"
    ADULT = "adult"
    ELDERLY = "elderly"
    UNKNOWN = "unknown"


class Area(StrEnum):
    """Location class (seed F14): what coverage may be promised there."""

    DENSE = "dense"
    HUB = "hub"
    SUBURB = "suburb"
    REMOTE = "remote"
    UNKNOWN = "unknown"


class JourneyStage(StrEnum):
    AWARENESS = "awareness"
    PURCHASE = "purchase"
    USE = "use"
    FAULT = "fault"
    CHANGE = "change"
    RENEWAL = "renewal"
    UNKNOWN = "unknown"
