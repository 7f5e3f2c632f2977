/** Words of an address after the "?"; empty and absent ones are left out, several of one name stand in turn. */
export type Word = string | number | null | undefined;

export function query(words: Record<string, Word | readonly string[]>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(words)) {
    if (typeof value === "object" && value !== null) for (const one of value) params.append(name, one);
    else if (value != null && value !== "") params.set(name, String(value));
  }
  return params.toString();
}
