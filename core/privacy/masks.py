"""What a screen shows of a phone number and a name. Pure; works on any text: masking must never fail."""

import re

_NOT_DIGITS = re.compile(r"\D")
_PHONE_IN_TEXT = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?(1[3-9]\d)\d{4}(\d{4})(?![\d.])")
_HEAD, _TAIL = 3, 4


def mask_phone(phone: str) -> str:
    """Return the phone with its middle hidden, without the country code of China.

    >>> mask_phone("+8613812345678")
    '138****5678'
    >>> mask_phone("+77011234567")
    '770****4567'
    >>> mask_phone("12345")
    '****45'
    """
    digits = _NOT_DIGITS.sub("", phone.removeprefix("+86"))
    if len(digits) < _HEAD + _TAIL + 1:
        return "****" + digits[-2:] if len(digits) > 2 else "****"
    return f"{digits[:_HEAD]}****{digits[-_TAIL:]}"


def mask_name(name: str) -> str:
    """Return a name of which only the first character is seen, and not how long it is.

    >>> mask_name("欧阳娜娜"), mask_name("Anna"), mask_name(" ")
    ('欧**', 'A**', '**')
    """
    return f"{name.strip()[:1]}**"


def mask_phones_in(text: str) -> str:
    """Return a text in which every mainland mobile number is masked: for logs and free comments.

    >>> mask_phones_in("call 13812345678 now")
    'call 138****5678 now'
    """
    return _PHONE_IN_TEXT.sub(r"\1****\2", text)
