/** Files that a page makes itself and the browser keeps. */

export function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

type Cell = string | number | null | undefined;

/** A sheet as spreadsheets read it: UTF-8 with its mark, quoted where it must be, and no text that begins a formula. */
export const sheetOf = (rows: readonly (readonly Cell[])[]): Blob => new Blob([csvOf(rows)], { type: "text/csv;charset=utf-8" });

/** The text of it. Pure. */
export const csvOf = (rows: readonly (readonly Cell[])[]): string => `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;

function cell(value: Cell): string {
  if (value == null) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
