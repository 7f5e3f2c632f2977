/** Log-in and other words of the two staff pages. */
export const staff = {
  login: {
    username: "账号",
    password: "密码",
    totp: "动态验证码",
    totpHint: "验证器应用里的 6 位数字",
    submit: "登录",
    submitting: "正在登录…",
    wrong: "账号、密码或动态验证码不正确。",
    locked: "尝试次数过多，请稍后再试。",
    missing: "请填写全部三项。",
    checking: "正在确认登录状态…",
    notStaff: "这是居民账号，不能进入工作人员页面。",
  },
  role: {
    dispatcher: "调度员",
    shift_lead: "值班长",
    remote_operator: "远程安全员",
    crew: "现场运维",
    duty_officer: "城市值班员",
    agency: "主管部门",
    supervisor: "第三方监管",
    admin: "管理员",
  },
  /** Of the button that changes to the other scheme. */
  scheme: { dark: "深色", light: "浅色" },
  age: {
    live: "实时",
    ago: (seconds: number) => `数据 ${seconds} 秒前`,
    old: (minutes: number) => `数据 ${minutes} 分钟前`,
    none: "尚无数据",
  },
  map: {
    label: "地图",
    unavailable: "此设备无法显示地图（没有 WebGL）。其他功能照常可用。",
    loading: "地图加载中…",
    zoomIn: "放大",
    zoomOut: "缩小",
    legend: "图例",
  },
  noApproval: "审图号：待确认",
  approval: (n: string) => `审图号：${n}`,
  synthetic: "道路为合成示例",
  forbiddenTitle: "此账号看不到这个页面",
  forbiddenBody: "您的角色没有查看实时数据的权限。如需开通，请联系管理员。",
  print: "打印",
  planning: "计划与派单",
  fences: "电子围栏",
  patrol: "巡逻",
  records: "回放与记录",
};

export type StaffWords = typeof staff;
