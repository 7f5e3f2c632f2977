/** Words for who collected an order, on its recipient's page. */
export const collected = {
  title: "取件人：",
  by: {
    customer: "您本人，或持有您取件码的人",
    delegate: "您指定的代取人",
    staff: "运营人员远程开门",
    crew: "现场人员",
    merchant: "商户人员",
    somebody: "身份不明，如非您所知请致电",
  } as Record<string, string>,
  how: {
    page: "手机页面开门",
    link: "分享链接开门",
    keypad: "车上键盘输码",
    hand: "现场手动开门",
    remote: "远程开门",
  } as Record<string, string>,
};

export type CollectedWords = typeof collected;
