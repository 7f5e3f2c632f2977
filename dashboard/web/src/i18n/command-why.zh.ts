/** Why a command came to nothing, by the words of the platform; what a vehicle said itself stands as it is. */
export const commandWhy: Record<string, string> = {
  superseded: "已被新的停车指令取代",
  "not-delivered": "在有效期内没有送达车辆",
  unanswered: "车辆没有应答",
  "no-result": "车辆没有回报结果",
  "scene-hold": "车辆保留在事故现场",
  withdrawn: "指令已收回",
};
