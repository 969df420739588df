/** A name in SQL, whatever it holds. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text in SQL. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const listOfTexts = (texts: readonly string[]): string => `[${texts.map(literal).join(', ')}]`;
