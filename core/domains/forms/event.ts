import type { JsonObject } from '../../kernel/json.ts';
import type { Form, FormResponse, Question } from '../../kernel/stores/forms.ts';
import { ANY, mapShape, VALUE, type MapShape, type Shape } from '../../language/scope/shape.ts';

/** What templates of a form's actions see as `event`. */
export function eventOf(
  form: Pick<Form, 'title'>,
  response: Omit<FormResponse, 'tenantId' | 'formId'>,
): JsonObject {
  return {
    answers: response.answers,
    response: { id: response.id, createdAt: response.createdAt.toISOString() },
    form: { title: form.title },
  };
}

/** The same as lint knows it: every question may be named, for an unanswered one is nothing and no error. */
export function eventShape(questions: readonly Question[]): MapShape {
  const answers = questions.map(({ key, type }) => [key, { shape: shapeOf(type) }] as const);
  return mapShape({
    event: {
      shape: mapShape({
        answers: { shape: mapShape(Object.fromEntries(answers)) },
        response: { shape: mapShape({ id: { shape: VALUE }, createdAt: { shape: VALUE } }) },
        form: { shape: mapShape({ title: { shape: VALUE } }) },
      }),
    },
  });
}

function shapeOf(type: Question['type']): Shape {
  return type === 'multiChoice' ? { kind: 'list', item: ANY } : VALUE;
}

const SAMPLES: Readonly<Record<Question['type'], (question: Question) => JsonObject[string]>> = {
  text: ({ title }) => `Sample of ${title}`,
  longText: ({ title }) => `Sample of ${title}`,
  email: () => 'ada@example.org',
  phone: () => '+15551234567',
  number: () => 1.5,
  integer: () => 42,
  boolean: () => true,
  date: () => '2025-01-31',
  choice: ({ options }) => options?.[0] ?? '',
  multiChoice: ({ options }) => options?.slice(0, 2) ?? [],
  url: () => 'https://example.org/',
};

/** Answers to try an action with. */
export function sampleAnswers(questions: readonly Question[]): JsonObject {
  return Object.fromEntries(questions.map((question) => [question.key, SAMPLES[question.type](question)]));
}
