import type { Scalar } from 'yaml';

/**
 * Where in the file the character at `offset` of a scalar's value stands. Values over several lines, other than
 * literal blocks, are folded by YAML: for those it is the scalar's start.
 */
export function leafOffset(text: string, scalar: Scalar, offset: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  const raw = text.slice(start, end);
  if (scalar.type === 'BLOCK_LITERAL') return start + literalOffset(raw, offset);
  if (raw.includes('\n')) return start;
  if (scalar.type === 'PLAIN') return start + offset;
  if (scalar.type === 'QUOTE_SINGLE') return start + quotedOffset(raw, offset, singleWidth);
  if (scalar.type === 'QUOTE_DOUBLE') return start + quotedOffset(raw, offset, doubleWidth);
  return start;
}

function quotedOffset(raw: string, offset: number, widthAt: (raw: string, at: number) => number): number {
  let at = 1;
  for (let seen = 0; seen < offset && at < raw.length; seen++) at += widthAt(raw, at);
  return at;
}

function singleWidth(raw: string, at: number): number {
  return raw[at] === "'" ? 2 : 1;
}

function doubleWidth(raw: string, at: number): number {
  if (raw[at] !== '\\') return 1;
  return { x: 4, u: 6, U: 10 }[raw[at + 1] ?? ''] ?? 2;
}

/** `raw` begins with the block's header (`|`, `|-`); each line below is indented by as much as the first. */
function literalOffset(raw: string, offset: number): number {
  const header = raw.indexOf('\n') + 1;
  const indent = /^\n*( *)/.exec(raw.slice(header))?.[1]?.length ?? 0;
  let at = header;
  let left = offset;
  for (const line of raw.slice(header).split('\n')) {
    const content = Math.max(0, line.length - indent);
    if (left <= content) return at + Math.min(indent, line.length) + left;
    left -= content + 1;
    at += line.length + 1;
  }
  return 0;
}
