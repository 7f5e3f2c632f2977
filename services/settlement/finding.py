"""Something in the books that is not right."""

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not right. ``rule`` is a stable word, ``about`` an order, account or cause."""

    rule: str
    about: str
    detail: str
