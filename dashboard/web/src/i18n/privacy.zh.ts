/** Words of the page about a resident's own data. */
export const privacy = {
  title: "我的数据",
  purpose: "收集什么，做什么用",
  uses: [
    "手机号：登录、取件通知。加密保存，商户和其他居民看不到；员工看到的是隐去中间四位的号码，查看全号须写明原因并留有记录。",
    "订单、售卖、余额：完成配送和结算。",
    "位置：只在您查找附近售卖车时使用，由手机询问是否允许，不保存；不允许也可以订货。",
    "通知：记录发送过的渠道和结果，不保存内容。",
  ],
  keeps: "保存多久",
  terms: [
    "登录凭证：到期或退出后清除。",
    "订单和账目：按法律要求至少保存三年；注销后与您的手机号脱离。",
    "代取人姓名、备注：注销时清除。",
  ],
  copy: "下载我的数据",
  copyNote: "一个 JSON 文件，包含系统保存的关于您的全部内容。",
  leave: "注销",
  leaveNote: "删除手机号、通知设置、代取人和备注，结束所有登录。订单记录按法律保存，但不再与您相连。",
  sure: "确定注销？不能恢复。",
  yes: "确定注销",
  no: "不注销",
  left: "已注销，您的手机号已从系统删除。",
  signIn: "请先登录。",
  toSignIn: "去登录",
  open: "还有未了事项，了结后可以注销：",
  things: {
    order: "未完成的订单",
    call: "正在呼叫的售卖车",
    purchase: "未完成的购买",
    parcel: "待选择的包裹",
    balance: "余额不为零，请到服务点退回",
    due: "待付款项，请到服务点付清",
  } as Record<string, string>,
  back: "返回",
};

export type PrivacyWords = typeof privacy;
