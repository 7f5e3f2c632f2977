/** Words that every page shares: the names of states and kinds, as domain.md has them. */
export const words = {
  other: "其他",
  none: "无",
  unknown: "未知",
  cityData: "城市初始数据",
  demo: "演示数据",
  ago: {
    now: "刚刚",
    minutes: (n: number) => `${n} 分钟前`,
    hours: (n: number) => `${n} 小时前`,
    days: (n: number) => `${n} 天前`,
  },
  minutes: (n: number) => `${n} 分钟`,
  seconds: (n: number) => `${n} 秒`,
  link: {
    connecting: "正在连接…",
    waiting: (seconds: number) => `连接中断，${seconds} 秒后重试`,
    offline: "设备没有网络。画面停在断开前的一刻，恢复后自动继续。",
    retry: "立即重试",
    expired: "登录已失效，请重新登录。",
    forbidden: "当前账号无权查看实时数据。",
  },
  error: {
    title: "没有取到数据",
    network: "连不上服务器。请检查网络后重试。",
    server: "服务器暂时处理不了，请稍后重试。",
    forbidden: "当前账号没有权限做这件事。",
    notFound: "找不到对应的记录，可能已被移除。",
    conflict: "情况刚刚变了，请看一眼最新状态再操作。",
    tooMany: "操作太频繁，请稍等片刻再试。",
    invalid: "填写的内容有误，请检查后再试。",
    retry: "重试",
    code: (code: string) => `错误码 ${code}`,
    slow: "比平时慢，仍在等待…",
  },
  action: {
    close: "关闭",
    cancel: "取消",
    confirm: "确认",
    back: "返回",
    logout: "退出登录",
    language: "English",
    languageShort: "EN",
    languageLabel: "切换到英文",
  },
};

export type Words = typeof words;
