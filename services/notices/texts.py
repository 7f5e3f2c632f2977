"""What people are told, in both languages. Gaps are filled at the moment of sending and stored nowhere."""

from collections.abc import Mapping
from types import MappingProxyType

from services.notices.kinds import Channel, Occasion

TEXTS: Mapping[Occasion, tuple[str, str]] = MappingProxyType(
    {
        Occasion.PLACED: (
            "已为您在{shop}下单,送到{place}。车到时会通知您。",
            "An order at {shop} was placed for you, to {place}. You will be told when the vehicle is there.",
        ),
        Occasion.SUBSTITUTE: (
            "{shop}缺货,有替换或不配送的建议。请在{by}前在订单页答复,不答复则不配送缺货商品。",
            "{shop} lacks something you ordered. Answer on your order's page before {by}, or it is left out.",
        ),
        Occasion.ARRIVED: (
            "您的配送车已到达{place},请打开订单页查看取件码。",
            "Your vehicle is at {place}. Open your order to see the pickup code.",
        ),
        Occasion.DELEGATED: (
            "请您代取{shop}送到{place}的货物。您的取件码{code},{by}前有效,车到后在车身键盘上输入。",
            "You may collect what {shop} brings to {place}. Your code is {code}, good until {by}: "
            "type it on the vehicle's keypad once it is there.",
        ),
        Occasion.COLLECT: (
            "代取的配送车已到达{place}。您的取件码{code},请在车身键盘上输入。",
            "The vehicle that you collect from is at {place}. Your code is {code}: type it on its keypad.",
        ),
        Occasion.REMINDER: (
            "配送车仍在{place}等您取件,请尽快前往。",
            "The vehicle still waits for you at {place}. Please come soon.",
        ),
        Occasion.DELAYED: (
            "您的订单会晚一些到,订单页有新的时间和原因。",
            "Your order will be late. The order page shows the new time and why.",
        ),
        Occasion.MISSED: (
            "您未取件,配送车已离开,货物将退回商家。",
            "You did not collect in time. The vehicle is taking the goods back to the shop.",
        ),
        Occasion.MOVED: (
            "您未取件,配送车已移到{place}再等您一次。",
            "You did not collect in time. The vehicle waits once more, at {place}.",
        ),
        Occasion.RETURNED: (
            "货物已退回商家,退款已记入您的账户。",
            "The goods are back at the shop, and what you paid is back on your account.",
        ),
        Occasion.CANCELLED: ("您的订单已取消。", "Your order was cancelled."),
        Occasion.DELIVERED: ("您的订单已完成,感谢使用。", "Your order is complete. Thank you."),
        Occasion.WAYBILL: (
            "{shop}有您的包裹。请在{by}前选择送达时间和取件点,或到柜台自取:{link}",
            "{shop} has a parcel for you. Choose time and pickup point before {by}, or the counter: {link}",
        ),
        Occasion.COUNTER: (
            "您的包裹在{shop}柜台等您自取。",
            "Your parcel waits for you at the counter of {shop}.",
        ),
        Occasion.RESERVED: (
            "已为您在售货车{vehicle}预留{goods}。取货码{code},{by}前有效,请在车身键盘上输入。",
            "{goods} at the vending vehicle {vehicle} are held for you. Your code is {code}, good until "
            "{by}: type it on the vehicle's keypad.",
        ),
        Occasion.RELEASED: (
            "您在售货车{vehicle}预留的{goods}已失效,未收费。",
            "{goods} at the vending vehicle {vehicle} are no longer held for you. You pay nothing.",
        ),
    }
)
WITH_CODE: Mapping[Occasion, tuple[str, str]] = MappingProxyType(
    {
        Occasion.ARRIVED: (
            "您的配送车已到达{place}。取件码{code},请在车身键盘上输入。",
            "Your vehicle is at {place}. Your pickup code is {code}: type it on the vehicle's keypad.",
        ),
        Occasion.REMINDER: (
            "配送车仍在{place}等您取件。取件码{code}。",
            "The vehicle still waits for you at {place}. Your pickup code is {code}.",
        ),
        Occasion.MOVED: (
            "配送车已移到{place}再等您一次。取件码{code},请在车身键盘上输入。",
            "The vehicle waits once more, at {place}. Your pickup code is {code}: type it on its keypad.",
        ),
    }
)
"""The same for those who have no page to look at."""


def write(
    occasion: Occasion,
    channel: Channel,
    language: str,
    words: Mapping[str, tuple[str, str]],
    *,
    has_code: bool,
) -> str:
    """Return the text with its gaps filled; a voice reads the digits of a code one by one.

    Raises KeyError for a gap that nobody filled: a bug of the writer.
    """
    pair = WITH_CODE.get(occasion, TEXTS[occasion]) if has_code else TEXTS[occasion]
    at = 0 if language == "zh" else 1
    filled = {name: both[at] for name, both in words.items()}
    if channel is Channel.VOICE and "code" in filled:
        filled["code"] = " ".join(filled["code"])
    return pair[at].format_map(filled)
