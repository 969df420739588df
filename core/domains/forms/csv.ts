import type { Json } from '../../kernel/json.ts';
import type { FormResponse, Question } from '../../kernel/stores/forms.ts';

/** The first line: the columns of every response's line. RFC 4180. */
export function csvHeader(questions: readonly Question[]): string {
  return line(['id', 'createdAt', ...questions.map(({ key }) => key)]);
}

/** One response. Answers stand as they were given; several choices are joined with "; ". */
export function csvLine(questions: readonly Question[], { id, createdAt, answers }: FormResponse): string {
  return line([id, createdAt.toISOString(), ...questions.map(({ key }) => cell(answers[key]))]);
}

function cell(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(String).join('; ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function line(cells: readonly string[]): string {
  return `${cells.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',')}\r\n`;
}
