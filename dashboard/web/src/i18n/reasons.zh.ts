/** Why an order waits or ended, as a resident is told; with the page of one order, not before it. */
export const reasons: Record<string, string> = {
  no_vehicles: "本区暂时没有配送车",
  all_excluded: "车辆都在忙或充电",
  all_taken: "车辆先送更急的订单",
  nearer_soon: "稍候，很快有更近的车",
  lost_race: "正在重新派车",
  no_route: "道路暂时走不通",
  vehicle_silent: "车辆失去联系",
  weather_recall: "天气不宜行驶，车辆已召回",
  vehicle_fault: "车辆故障",
  merchant_did_not_load: "商户没有装货",
  merchant_did_not_answer: "商户没有接单",
  changed_mind: "您取消了订单",
  merchant_cancelled: "商户取消了订单",
  operator_cancelled: "运营方取消了订单",
  no_vehicle: "长时间没有车可派",
  goods_lost: "货物无法送达",
};
