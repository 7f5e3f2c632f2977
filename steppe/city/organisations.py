"""The public bodies and companies of a pack."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from core.ids import AgencyCode, DistrictCode, OperatorId
from services.settlement.terms import BasisPoints, Fen

Name = Annotated[str, Meta(min_length=1)]


class Agency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public body; no districts means the whole city."""

    code: AgencyCode
    name_zh: Name
    name_en: Name
    kind: Literal["government", "bureau", "supervisor"]
    districts: tuple[DistrictCode, ...]


class ServicePoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A 服务点: a counter where people pay a company, top up and are paid back; open every day."""

    town: DistrictCode
    name_zh: Name
    name_en: Name
    address_zh: Name
    address_en: Name
    open_hours: Annotated[str, Meta(pattern=r"^\d\d:\d\d-\d\d:\d\d$")]


class Operator(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company that runs vehicles in districts; a district has exactly one."""

    operator_id: OperatorId
    name_zh: Name
    name_en: Name
    districts: tuple[DistrictCode, ...]
    telephone: str
    platform_fee_bp: BasisPoints = 0
    """Of goods, in hundredths of a per cent; holds from the load until others are agreed."""
    subsidy_fen: Fen = 0
    keeps_fee_when_missed: bool = False
    service_point: tuple[ServicePoint, ...] = ()
    """Empty: people are told to ask by telephone."""
