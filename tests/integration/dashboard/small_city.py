"""A city of two 旗区 and one town, as composition would read it from a pack."""

from typing import Literal
from zoneinfo import ZoneInfo

from core.ids import DistrictCode, OperatorId
from core.kinds import ServiceKind
from dashboard.parts import CityFacts, DistrictFacts, ServicePointFacts, TownFacts
from tests.integration.fleet.builders import LAYOUT

SQUARE = {"type": "Polygon", "coordinates": [[[109, 39], [110, 39], [110, 40], [109, 40], [109, 39]]]}
CITY = CityFacts(
    code="EDS",
    name_zh="鄂尔多斯",
    name_en="Ordos",
    zone=ZoneInfo("Asia/Shanghai"),
    telephone="0477-0000000",
    attribution_zh="边界：天地图",
    attribution_en="Borders: Tianditu",
    approval_number="",
    is_demo=True,
    is_synthetic=True,
    towns=(
        TownFacts(
            code="KB",
            district=DistrictCode("KB"),
            name_zh="康巴什",
            name_en="Kangbashi",
            bbox=(109.7, 39.5, 109.9, 39.7),
            centre=(109.8, 39.6),
        ),
    ),
    districts=tuple(
        DistrictFacts(
            code=DistrictCode(code),
            adcode=number,
            name_zh=code,
            name_en=code,
            kind="district",
            geometry=SQUARE,
        )
        for number, code in ((150603, "KB"), (150622, "ZG"))
    ),
    planned={
        (DistrictCode("KB"), ServiceKind.DELIVERY): 20,
        (DistrictCode("ZG"), ServiceKind.VENDING): 20,
    },
    plan=((2024, 20), (2026, 200)),
    code_layout=LAYOUT,
    service_points={
        OperatorId("op-a"): (
            ServicePointFacts(
                town=DistrictCode("KB"),
                name_zh="甲服务点",
                name_en="Counter A",
                address_zh="一号",
                address_en="No. 1",
                open_hours="09:00-18:00",
            ),
        )
    },
)


class Maps:
    """The roads of one town."""

    def town_map(self, kind: Literal["roads", "grounds"], town: str) -> bytes | None:
        is_drawn = (kind, town) == ("roads", "KB")
        return b'{"type":"FeatureCollection","features":[]}' if is_drawn else None
