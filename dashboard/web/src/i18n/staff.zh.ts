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
  forbiddenTitle: "此账号看不到这个页面",
  forbiddenBody: "您的角色没有查看实时数据的权限。如需开通，请联系管理员。",
};

export type StaffWords = typeof staff;
