import { SluiceError } from '../../kernel/errors.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Question } from '../../kernel/stores/forms.ts';
import { didYouMean } from '../../kernel/suggest.ts';

const PREFIX = 'answers.';

/**
 * Reads `answers.<key>=<value>` of a query by the questions' types, so that `42` finds the number and not the text. Of several
 * choices it is enough that the value is among them.
 * @throws SluiceError VALIDATION_FAILED
 */
export function answerFilter(
  questions: readonly Question[],
  query: Readonly<Record<string, unknown>>,
): JsonObject {
  const filter: Record<string, Json> = {};
  for (const [name, value] of Object.entries(query)) {
    if (!name.startsWith(PREFIX)) continue;
    const key = name.slice(PREFIX.length);
    const question = questions.find((one) => one.key === key);
    if (!question) {
      const keys = questions.map((one) => one.key);
      throw refused(
        name,
        `The form has no question "${key}"; it has ${keys.join(', ')}.${didYouMean(key, keys)}`,
      );
    }
    filter[key] = read(question, name, String(value));
  }
  return filter;
}

function read({ type }: Question, name: string, text: string): Json {
  if (type === 'multiChoice') return [text];
  if (type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw refused(name, `"${text}" is neither true nor false.`);
    return text === 'true';
  }
  if (type !== 'number' && type !== 'integer') return text;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw refused(name, `"${text}" is not a number.`);
  return value;
}

function refused(name: string, message: string): SluiceError {
  return new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: `/query/${name}`, message }] });
}
