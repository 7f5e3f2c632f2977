/** Places labels beside points so that none covers another or its own point. Pure; pixels of the screen. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** False for a label that may lie on its point, such as the name of an area without a town. */
  readonly hasPoint: boolean;
  /** Half the size of what the point stands for, when that is larger than a dot: a town that is near. */
  readonly radius?: number;
}

const GAP = 8;
const POINT = 12;

/** The centre of each label, in order; earlier ones are placed first and keep their best side. `obstacles` stay clear. */
export function placeLabels(labels: readonly Label[], obstacles: readonly Box[] = []): [x: number, y: number][] {
  const taken: Box[] = labels
    .filter((label) => label.hasPoint)
    .map((label) => ({ x: label.x, y: label.y, width: 2 * radiusOf(label), height: 2 * radiusOf(label) }));
  taken.push(...obstacles);
  return labels.map((label) => {
    const place = candidates(label).find(([x, y]) => taken.every((other) => !overlap({ ...label, x, y }, other)));
    const [x, y] = place ?? leastCovering(label, obstacles);
    taken.push({ x, y, width: label.width, height: label.height });
    return [x, y];
  });
}

/** Where no place is free: the one that hides least of the obstacles, the best side without any. */
function leastCovering(label: Label, obstacles: readonly Box[]): [number, number] {
  const covered = ([x, y]: [number, number]): number =>
    obstacles.filter((other) => overlap({ ...label, x, y }, other)).length;
  const places = candidates(label);
  const least = Math.min(...places.map(covered));
  return places.find((place) => covered(place) === least)!;
}

const radiusOf = (label: Label): number => Math.max(POINT, label.radius ?? 0);

function candidates(label: Label): [number, number][] {
  const up = label.height / 2 + (label.hasPoint ? radiusOf(label) + GAP : label.height / 2 + GAP);
  const side = label.width / 2 + (label.hasPoint ? radiusOf(label) + GAP : label.height);
  const ring: [number, number][] = [
    [0, -up],
    [-side, 0],
    [side, 0],
    [0, up],
    [-side, up],
    [side, up],
    [-side, -up],
    [side, -up],
    [0, 2 * up],
    [0, -2 * up],
  ];
  const offsets: [number, number][] = label.hasPoint ? ring : [[0, 0], ...ring];
  return offsets.map(([dx, dy]) => [label.x + dx, label.y + dy]);
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function overlap(a: Box, b: Box): boolean {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 + 4 && Math.abs(a.y - b.y) < (a.height + b.height) / 2 + 4;
}
