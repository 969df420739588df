import type { Box } from './a1.ts';

/**
 * The last table that touches the area: a table is a block of filled cells with an empty row and column around it.
 * Source: https://developers.google.com/sheets/api/guides/values#append_values
 */
export function findTable(cells: readonly (readonly unknown[])[], area: Box): Box | undefined {
  const touching = tables(cells).filter((table) => overlap(table, area, 0));
  return touching.sort((a, b) => a.bottom - b.bottom || a.right - b.right).at(-1);
}

/** Every table of the grid, by merging filled cells of a row and boxes of neighbouring rows that touch. */
export function tables(cells: readonly (readonly unknown[])[]): Box[] {
  let open: Box[] = [];
  const closed: Box[] = [];
  cells.forEach((row, r) => {
    const { near, far } = split(open, (box) => box.bottom >= r - 1);
    closed.push(...far);
    open = merged([...near, ...stretches(row, r)]);
  });
  return merged([...closed, ...open]);
}

function stretches(row: readonly unknown[], r: number): Box[] {
  const found: Box[] = [];
  row.forEach((cell, c) => {
    if (cell === undefined) return;
    const last = found.at(-1);
    if (last && last.right === c - 1) found[found.length - 1] = { ...last, right: c };
    else found.push({ top: r, bottom: r, left: c, right: c });
  });
  return found;
}

/** Joins boxes that overlap or touch, corners included, until none do. */
function merged(boxes: readonly Box[]): Box[] {
  const result: Box[] = [];
  for (const box of boxes) {
    let whole = box;
    for (;;) {
      const at = result.findIndex((other) => overlap(other, whole, 1));
      if (at < 0) break;
      const [other] = result.splice(at, 1);
      if (other) whole = union(whole, other);
    }
    result.push(whole);
  }
  return result;
}

function overlap(a: Box, b: Box, reach: number): boolean {
  return (
    a.left <= b.right + reach &&
    b.left <= a.right + reach &&
    a.top <= b.bottom + reach &&
    b.top <= a.bottom + reach
  );
}

function union(a: Box, b: Box): Box {
  return {
    top: Math.min(a.top, b.top),
    left: Math.min(a.left, b.left),
    bottom: Math.max(a.bottom, b.bottom),
    right: Math.max(a.right, b.right),
  };
}

function split(boxes: readonly Box[], isNear: (box: Box) => boolean): { near: Box[]; far: Box[] } {
  return { near: boxes.filter((box) => isNear(box)), far: boxes.filter((box) => !isNear(box)) };
}
