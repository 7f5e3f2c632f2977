"""Why an order waits, was cancelled or failed: stable words with their names for people."""

from collections.abc import Mapping
from types import MappingProxyType

NOT_COLLECTED = "not_collected"
REASON_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "no_vehicles": ("本旗区没有配送车", "no delivery vehicle works in this district"),
        "weather_recall": ("天气召回", "recalled because of the weather"),
        "all_excluded": ("暂时没有可用车辆", "no vehicle can go at the moment"),
        "all_taken": ("车辆先服务更急的订单", "vehicles serve more urgent orders first"),
        "zone_frozen": ("本旗区暂停派车", "dispatch is frozen in this zone"),
        "nearer_soon": ("很快有更近的车空出", "a nearer vehicle comes free soon"),
        "lost_race": ("正在重新派车", "choosing a vehicle again"),
        "no_route": ("道路暂不可达", "no way on the roads at the moment"),
        "vehicle_silent": ("车辆失去联系", "the vehicle fell silent"),
        "vehicle_decommissioned": ("车辆退役", "the vehicle left the fleet"),
        "vehicle_fault": ("车辆故障", "the vehicle broke down"),
        "plan_refused": ("车辆拒绝任务", "the vehicle refused the job"),
        "plan_unanswered": ("车辆没有应答", "the vehicle did not answer"),
        "task_failed": ("车辆无法完成任务", "the vehicle could not finish the job"),
        "not_handed_over": ("车辆结束任务但货物未交付", "the vehicle ended its job without handing over"),
        "merchant_did_not_load": ("商户未装货", "the merchant did not load"),
        "merchant_did_not_answer": ("商户未接单", "the merchant did not answer"),
        "changed_mind": ("用户取消", "cancelled by the recipient"),
        "merchant_cancelled": ("商户取消", "cancelled by the merchant"),
        "operator_cancelled": ("运营方取消", "cancelled by the operator"),
        "no_vehicle": ("长时间无车可派", "no vehicle for too long"),
        "nothing_left": ("缺货，没有可送的商品", "everything ordered was missing"),
        NOT_COLLECTED: ("未取货，商品退回", "nobody came for it; the goods go back"),
        "goods_lost": ("货物无法送达", "the goods could not be recovered"),
    }
)
"""(zh, en) of every reason that an order can carry."""
