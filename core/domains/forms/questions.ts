import { SluiceError, type Violation } from '../../kernel/errors.ts';
import type { Question, QuestionType } from '../../kernel/stores/forms.ts';

/** A question as its author gives it. */
export interface NewQuestion {
  readonly key: string;
  readonly title?: string;
  readonly type: QuestionType;
  readonly required?: boolean;
  readonly options?: readonly string[];
}

const CHOICES: readonly QuestionType[] = ['choice', 'multiChoice'];

/** Throws VALIDATION_FAILED for what a schema cannot say: keys used twice, choices without options. */
export function completeQuestions(questions: readonly NewQuestion[]): Question[] {
  const errors = questions.flatMap((question, i) =>
    faultsOf(question, `/questions/${i}`, questions.slice(0, i)),
  );
  if (errors.length > 0) throw new SluiceError('VALIDATION_FAILED', errors[0]!.message, { errors });
  return questions.map(({ key, title, type, required, options }) => ({
    key,
    title: title ?? key,
    type,
    required: required ?? false,
    ...(options && { options }),
  }));
}

function faultsOf(
  { key, type, options }: NewQuestion,
  at: string,
  before: readonly NewQuestion[],
): Violation[] {
  const errors: Violation[] = [];
  const twin = before.findIndex((other) => other.key === key);
  if (twin >= 0)
    errors.push({
      path: `${at}/key`,
      message: `"${key}" is the key of question ${twin} already; each needs its own.`,
    });
  if (CHOICES.includes(type) && !options?.length) {
    errors.push({
      path: `${at}/options`,
      message: `A question of type ${type} needs options to choose from.`,
    });
  }
  if (!CHOICES.includes(type) && options) {
    errors.push({
      path: `${at}/options`,
      message: `Only ${CHOICES.join(' and ')} have options; this is ${type}.`,
    });
  }
  options?.forEach((option, i) => {
    if (options.indexOf(option) < i)
      errors.push({ path: `${at}/options/${i}`, message: `"${option}" is offered twice.` });
  });
  return errors;
}
