"""The insurance that a pack's vehicles start with."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1)]


class InsuranceTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The insurance every vehicle of the roster starts with."""

    insurer_zh: Name
    insurer_en: Name
    policy_prefix: Name
    liability_fen: Annotated[int, Meta(ge=0)]
    valid_from: date
    valid_days: Annotated[int, Meta(ge=1)]
