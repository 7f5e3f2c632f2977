/** What somebody typed of money, in fen and hundredths of a per cent. Pure. */

/** Hundredths of a per cent of what somebody typed in per cent; undefined outside of 0 to 50. */
export function basisPointsOf(text: string): number | undefined {
  const match = /^(\d{1,2})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (!match) return undefined;
  const points = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
  return points <= 5_000 ? points : undefined;
}

/** Fen of what somebody typed in yuan; undefined for what is no amount. Never through a float. */
export function fenOf(text: string): number | undefined {
  const match = /^(-?)(\d{1,8})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (!match) return undefined;
  const fen = Number(match[2]) * 100 + Number((match[3] ?? "").padEnd(2, "0"));
  return fen === 0 ? undefined : match[1] ? -fen : fen;
}
