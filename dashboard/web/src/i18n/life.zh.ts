/** Words of a vehicle's way out of the fleet. */
export const life = {
  title: "车辆退役",
  open: "退役…",
  noTask: "没有进行中的任务。",
  toLoad: (n: number) => `${n} 个未装货订单`,
  calls: (n: number) => `${n} 个未服务的召车`,
  aboard: (n: number) => `车内有 ${n} 个订单的货物：由运维取出后才能结束`,
  road: "车辆在路上：将安全停车，并开出拖回工单",
  rest: "未完成的工作",
  rule: "车辆立即停止接受新任务；定时的清扫与巡逻按各自的规则处理。退役后不能恢复，编码不再使用。",
  why: "原因",
  needWhy: "请填写原因。",
  confirm: "确认退役",
  over: "车辆已退役。",
  asked: (name: string, rest: string, reason: string) => `${name} 已决定退役（${rest}）：${reason}。条件满足后自动结束。`,
  police: {
    open: "给执法人员一次性代码…",
    title: "执法人员一次性代码",
    note: "代码让执法人员扫码后查看这辆车的保单号、驾驶模式和最近十分钟，30 分钟有效，只能打开一次，发放与使用都会留痕。",
    officer: "执法人员（姓名、警号、单位）",
    why: "事由",
    needBoth: "请填写执法人员和事由。",
    give: "生成代码",
    tell: "请把代码告诉执法人员，关闭后不再显示：",
    until: (at: string) => `${at} 前有效`,
  },
};
export type LifeWords = typeof life;
