/** Map colours of the two schemes; the five condition colours repeat tokens.css, because WebGL reads no CSS. */
export type Scheme = "light" | "dark";

export interface Palette {
  ground: string;
  city: string;
  cityAlarm: string;
  border: string;
  borderGlow: string;
  innerBorder: string;
  grid: string;
  road: Record<RoadClass, string>;
  casing: string;
  grounds: { water: string; park: string; compound: string; depot: string; label: string };
  label: string;
  halo: string;
  trail: string;
  route: string;
  fence: Record<string, string>;
  conditions: readonly [offline: string, idle: string, driving: string, charging: string, alarm: string];
  outline: string;
  selection: string;
}

export const ROAD_CLASSES = ["primary", "secondary", "tertiary", "residential", "service"] as const;
export type RoadClass = (typeof ROAD_CLASSES)[number];

export const PALETTES: Record<Scheme, Palette> = {
  light: {
    ground: "#e9ece7",
    city: "#f1f3ee",
    cityAlarm: "#f3f1ec",
    border: "#93a4a3",
    borderGlow: "#c9d3cf",
    innerBorder: "#a9b8b5",
    grid: "#dde2dc",
    road: {
      primary: "#ffffff",
      secondary: "#ffffff",
      tertiary: "#ffffff",
      residential: "#fbfcfa",
      service: "#f7f8f5",
    },
    casing: "#c6cfc9",
    grounds: { water: "#c9dde6", park: "#dbe6cf", compound: "#e9e8df", depot: "#dfe3e8", label: "#6a766b" },
    label: "#52616a",
    halo: "#f6f8f5",
    trail: "#4c5b64",
    route: "#1258b5",
    fence: { no_go: "#c81e30", slow_zone: "#b97600", keep_clear: "#7d3ac1", operating_area: "#12875a", other: "#66747c" },
    conditions: ["#6d7880", "#66778a", "#1a6fe0", "#12875a", "#c81e30"],
    outline: "#ffffff",
    selection: "#15222a",
  },
  dark: {
    ground: "#0a1117",
    city: "#14232e",
    cityAlarm: "#1c222c",
    border: "#6a92ab",
    borderGlow: "#1f4a63",
    innerBorder: "#3a5769",
    grid: "#121d26",
    road: {
      primary: "#3d5a6b",
      secondary: "#314a59",
      tertiary: "#283d4a",
      residential: "#20323d",
      service: "#1b2a34",
    },
    casing: "#0d161d",
    grounds: { water: "#0f2c3d", park: "#14291f", compound: "#14212b", depot: "#1a2733", label: "#6f8593" },
    label: "#8da2b0",
    halo: "#0d161d",
    trail: "#a9bac5",
    route: "#58a6ff",
    fence: { no_go: "#ff5b62", slow_zone: "#ffbe5c", keep_clear: "#c79bff", operating_area: "#3ecf95", other: "#8a9daa" },
    conditions: ["#8497a5", "#93a5b4", "#58a6ff", "#3ecf95", "#ff5b62"],
    outline: "#0a1117",
    selection: "#ffffff",
  },
};

/** "#rrggbb" as three floats 0–1. */
export function rgb(hex: string): [number, number, number] {
  const n = Number.parseInt(hex.slice(1), 16);
  return [(n >> 16) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
}
