/** What a refused field must be, in the language of the page. */
import { expect, test } from "vitest";
import { Problem } from "../src/api/http.ts";
import { bounds as en } from "../src/i18n/bounds.en.ts";
import { bounds as zh } from "../src/i18n/bounds.zh.ts";
import { bound, refusedField } from "../src/parts/bounds.ts";

const refused = (fields: Record<string, unknown>, names: Record<string, string> = {}, words = zh): string => refusedField(new Problem("invalid", 400, "invalid-input", fields), names, words);

test.each([
  ["a span", "1 to 20", "须为 1 到 20", "must be from 1 to 20"],
  ["a span with its unit", "1 to 31 days", "须为 1 到 31 天", "must be from 1 to 31 days"],
  ["below zero", "-90 to 90", "须为 -90 到 90", "must be from -90 to 90"],
  ["what is most", "at most 12 months", "最多 12 个月", "at most 12 months"],
  ["what is most as a number alone", 50, "最多 50", "at most 50"],
  ["what is least", "≥ 1", "最少 1", "at least 1"],
  ["a length", "Expected `str` of length <= 120", "最多 120 个字", "at most 120 characters"],
  ["a number of the wire", "Expected `float` >= 0.0", "最少 0", "at least 0"],
  ["what is left", "3000 more", "最多再加 3000", "at most 3000 more"],
  ["a day", "up to 2026-11-30", "不能晚于 2026-11-30", "not after 2026-11-30"],
  ["a moment, as a clock in Shanghai", "not before 2026-11-30T16:05:00+00:00", "不能早于 12-01 00:05", "not before 12-01 00:05"],
  ["a word of the server that is known", "each once", "不能重复", "must not be repeated"],
  ["one that is not", "a PEM file", "要求 a PEM file", "must be a PEM file"],
  ["more than one span, as the server says it", "-90 to 90, -180 to 180", "要求 -90 to 90, -180 to 180", "must be -90 to 90, -180 to 180"],
])("a limit says %s", (_, limit, chinese, english) => expect([bound(limit, "x", zh), bound(limit, "x", en)]).toEqual([chinese, english]));

test.each([
  ["a text by its length", "reason", 500, "须为 1 到 500 个字"],
  ["money in yuan", "amountFen", "1 to 500000", "须为 ¥0.01 到 ¥5000.00"],
  ["metres by the name of the field", "accuracyM", "at most 10000", "最多 10000 m"],
  ["seconds", "graceS", "0 to 86400", "须为 0 s 到 86400 s"],
])("a field is measured: %s", (_, field, limit, words) => expect(bound(limit, field, zh)).toBe(words));

test("a field is named by the page, by what pages share, or by the outermost part of its path that has words", () => {
  expect(refused({ field: "kind", limit: "once" }, { kind: "类型" })).toBe("类型：不能重复");
  expect(refused({ field: "reason", limit: "1 to 500" })).toBe("原因：须为 1 到 500 个字");
  expect(refused({ field: "runs[2].orders", limit: 8 }, { orders: "订单" })).toBe("订单：最多 8");
});

test("without a field, a limit or words for the field there is nothing to say", () => {
  expect([refused({}), refused({ field: "reason" }), refused({ field: "strange", limit: 1 })]).toEqual(["", "", ""]);
});
