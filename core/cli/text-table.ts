export type Cell = string | number | boolean;

/** Rows as a table of text; the first is the header. Widths are those of a terminal: an emoji takes two columns. */
export function table(rows: readonly (readonly Cell[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const text = (row: readonly Cell[], column: number): string => String(row[column] ?? '');
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => width(text(row, column)))),
  );
  const line = (left: string, fill: string, middle: string, right: string): string =>
    left + widths.map((width) => fill.repeat(width + 2)).join(middle) + right;
  const printed = rows.map(
    (row) => `│ ${widths.map((width, column) => padded(text(row, column), width)).join(' │ ')} │`,
  );
  const [header, ...body] = printed;
  return [
    line('┌', '─', '┬', '┐'),
    header ?? '',
    line('├', '─', '┼', '┤'),
    ...body,
    line('└', '─', '┴', '┘'),
  ];
}

function padded(text: string, columns: number): string {
  return text + ' '.repeat(columns - width(text));
}

const graphemes = new Intl.Segmenter();

function width(text: string): number {
  return [...graphemes.segment(text)].reduce(
    (sum, { segment }) => sum + (/\p{Extended_Pictographic}/u.test(segment) ? 2 : 1),
    0,
  );
}
