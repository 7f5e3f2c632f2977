/** What the first screen of the phone says; every other word comes with the part that says it. */
export const phone = {
  title: "无人配送",
  large: "大字",
  largeLabel: "放大文字",
  back: "返回",
  login: {
    title: "登录后下单",
    intro: "无人车把超市、餐馆和驿站的东西送到小区门口。",
    phone: "手机号",
    phoneHint: "用于接收验证码和到车提醒",
    send: "获取验证码",
    sending: "正在发送…",
    resend: (s: number) => `${s} 秒后可重发`,
    code: "短信验证码",
    codeHint: (phone: string) => `已发送到 ${phone}`,
    submit: "登录",
    submitting: "正在登录…",
    change: "换个号码",
    forOrder: "登录后查看这一单。",
    badPhone: "请输入 11 位手机号。",
    wrong: "验证码不对或已过期，请重新输入。",
    tooMany: "尝试太多次了，请稍后再试。",
    demo: "演示短信",
    privacy: "手机号只用于这次服务，不会给商户和其他人看到。",
  },
  offline: (age: string) => `没有网络，显示的是 ${age}前的内容。`,
  logout: "退出登录",
  gone: "这个链接已失效。包裹送达或取消后，链接会自动关闭。",
};

export type PhoneWords = typeof phone;
