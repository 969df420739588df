import type { Violation } from '../../kernel/errors.ts';
import { isJsonObject, pointerSegment, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Question, QuestionType } from '../../kernel/stores/forms.ts';
import { didYouMean } from '../../kernel/suggest.ts';

/** What is wrong with an answer; undefined where nothing is. */
type Fault = (value: Json, question: Question) => string | undefined;

export interface CheckedAnswers {
  /** What was answered: null is no answer. */
  readonly answers: JsonObject;
  readonly violations: readonly Violation[];
}

/** Checks answers by the types of a form's questions, every time the same way and with all that is wrong. */
export function answerChecker(questions: readonly Question[]): (given: JsonObject) => CheckedAnswers {
  const byKey = new Map(questions.map((question) => [question.key, question]));
  const keys = questions.map(({ key }) => key);
  return (given) => {
    const answers: Record<string, Json> = {};
    const violations: Violation[] = [];
    for (const [key, value] of Object.entries(given)) {
      const question = byKey.get(key);
      if (!question) {
        violations.push({ path: `/answers${pointerSegment(key)}`, message: unknownKey(key, keys) });
      } else if (value !== null) {
        const fault = FAULTS[question.type](value, question);
        if (fault !== undefined) violations.push({ path: `/answers${pointerSegment(key)}`, message: fault });
        answers[key] = value;
      }
    }
    for (const { key, required } of questions) {
      if (!required || isAnswered(answers[key])) continue;
      const path = `/answers${pointerSegment(key)}`;
      if (violations.every((violation) => violation.path !== path)) {
        violations.push({ path, message: `The question "${key}" is required and has no answer.` });
      }
    }
    return { answers, violations };
  };
}

function isAnswered(value: Json | undefined): boolean {
  return value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
}

function unknownKey(key: string, keys: readonly string[]): string {
  return `The form has no question "${key}"; it has ${keys.join(', ')}.${didYouMean(key, keys)}`;
}

const text: Fault = (value) => (typeof value === 'string' ? undefined : expected('text', value));

/** An optional question may be left as an empty text, as web forms do. */
function textLike(fits: (text: string) => boolean, what: string): Fault {
  return (value) => {
    if (typeof value !== 'string') return expected('text', value);
    return value === '' || fits(value) ? undefined : `${quote(value)} is not ${what}.`;
  };
}

const FAULTS: Readonly<Record<QuestionType, Fault>> = {
  text,
  longText: text,
  email: textLike(
    (value) => value.length <= 254 && /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/.test(value),
    'an e-mail address such as ada@example.org',
  ),
  // E.164: a plus, the country code, at most fifteen digits in all.
  phone: textLike(
    (value) => /^\+[1-9]\d{6,14}$/.test(value),
    'a phone number with its country code, such as +15551234567',
  ),
  url: textLike(
    (value) => /^https?:\/\//i.test(value) && URL.canParse(value),
    'a web address that begins with https:// or http://',
  ),
  date: textLike(isDate, 'a date as year-month-day, such as 2025-01-31'),
  number: (value) =>
    typeof value === 'number' && Number.isFinite(value) ? undefined : expected('a number', value),
  integer(value) {
    if (typeof value !== 'number' || !Number.isInteger(value)) return expected('a whole number', value);
    return Number.isSafeInteger(value)
      ? undefined
      : `${value} is beyond 2^53, where whole numbers are not exact.`;
  },
  boolean: (value) => (typeof value === 'boolean' ? undefined : expected('true or false', value)),
  choice(value, { options = [] }) {
    if (typeof value !== 'string') return expected('one of the options as text', value);
    return value === '' || options.includes(value) ? undefined : notOffered(value, options);
  },
  multiChoice(value, { options = [] }) {
    if (!Array.isArray(value)) return expected('a list of options', value);
    for (const [i, item] of (value as readonly Json[]).entries()) {
      if (typeof item !== 'string') return `Item ${i}: ${expected('one of the options as text', item)}`;
      if (!options.includes(item)) return notOffered(item, options);
      if (value.indexOf(item) < i) return `${quote(item)} is chosen twice.`;
    }
    return undefined;
  },
};

function isDate(value: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value) ?? [];
  if (day === undefined) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return (
    date.getUTCFullYear() === Number(year) &&
    date.getUTCMonth() + 1 === Number(month) &&
    date.getUTCDate() === Number(day)
  );
}

function notOffered(value: string, options: readonly string[]): string {
  return `${quote(value)} is not offered; the options are ${options.map(quote).join(', ')}.${didYouMean(value, options)}`;
}

function expected(what: string, value: Json): string {
  return `Expected ${what}, got ${kindOf(value)}.`;
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  if (Array.isArray(value)) return 'a list';
  if (isJsonObject(value)) return 'an object';
  return typeof value === 'number' ? `the number ${value}` : JSON.stringify(value);
}

function quote(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
}
