import type { Violation } from '../kernel/errors.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import type { Form, Question } from '../kernel/stores/forms.ts';
import { markup, page, type Html } from './html.ts';
import type { Reply } from './route.ts';

/** Form data: every field with its values. */
export type Given = Readonly<Record<string, readonly string[]>>;

/** The hidden field that makes pressing the button twice one response. No question is named like it. */
export const SUBMISSION = '.submission';

/** A form as its page, with what was given before and what is wrong with it. */
export function formPage(
  status: number,
  form: Form,
  {
    submission,
    given = {},
    errors = [],
  }: { readonly submission: string; readonly given?: Given; readonly errors?: readonly Violation[] },
): Reply {
  const keys = new Set(form.questions.map(({ key }) => `/answers/${key}`));
  const others = errors.filter(({ path }) => !keys.has(path));
  return page(
    status,
    form.title,
    markup`<h1>${form.title}</h1>
${others.map(({ message }) => markup`<p class="error">${message}</p>`)}
<form method="post" action="/f/${form.id}" accept-charset="utf-8">
<input type="hidden" name="${SUBMISSION}" value="${submission}">
${form.questions.map((question) => field(question, given[question.key] ?? [], errors))}
<button type="submit">Send</button>
</form>`,
  );
}

export function sentPage(form: Form): Reply {
  return page(
    201,
    form.title,
    markup`<h1>${form.title}</h1><p>Thank you: your answers have been received.</p>`,
  );
}

function field(question: Question, given: readonly string[], errors: readonly Violation[]): Html {
  const messages = errors.filter(({ path }) => path === `/answers/${question.key}`);
  const mark = question.required ? markup` <span aria-hidden="true">*</span>` : undefined;
  return markup`<fieldset><label class="title" for="q-${question.key}">${question.title}${mark}</label>
${control(question, given)}${messages.map(({ message }) => markup`<p class="error">${message}</p>`)}</fieldset>
`;
}

const INPUTS: Readonly<Partial<Record<Question['type'], { readonly type: string; readonly more?: Html }>>> = {
  email: { type: 'email' },
  phone: { type: 'tel', more: markup` placeholder="+15551234567"` },
  url: { type: 'url' },
  date: { type: 'date' },
  number: { type: 'number', more: markup` step="any"` },
  integer: { type: 'number', more: markup` step="1"` },
};

function control({ key, type, required, options = [] }: Question, given: readonly string[]): Html {
  const id = markup`id="q-${key}" name="${key}"`;
  const must = required ? markup` required` : undefined;
  const chosen = (value: string): Html | undefined => (given.includes(value) ? markup` selected` : undefined);
  if (type === 'longText')
    return markup`<textarea ${id} rows="5"${must}>
${given[0] ?? ''}</textarea>`;
  if (type === 'choice' || type === 'boolean') {
    const values =
      type === 'boolean'
        ? [
            ['true', 'Yes'],
            ['false', 'No'],
          ]
        : options.map((option) => [option, option]);
    return markup`<select ${id}${must}><option value=""></option>${values.map(
      ([value = '', title = '']) => markup`<option value="${value}"${chosen(value)}>${title}</option>`,
    )}</select>`;
  }
  if (type === 'multiChoice') {
    return markup`<span id="q-${key}"></span>${options.map((option) => {
      const checked = given.includes(option) ? markup` checked` : undefined;
      return markup`<label class="option"><input type="checkbox" name="${key}" value="${option}"${checked}> ${option}</label>`;
    })}`;
  }
  const input = INPUTS[type] ?? { type: 'text' };
  return markup`<input ${id} type="${input.type}"${input.more}${must} value="${given[0] ?? ''}">`;
}

/** Form data as answers: text is read by the question's type, and what was left empty is no answer. */
export function answersOf(questions: readonly Question[], given: Given): JsonObject {
  const answers: Record<string, Json> = {};
  for (const [key, values] of Object.entries(given)) {
    if (key === SUBMISSION) continue;
    const question = questions.find((one) => one.key === key);
    const filled = values.filter((value) => value !== '');
    if (filled.length > 0)
      answers[key] = question?.type === 'multiChoice' ? filled : read(question, filled[0]!);
  }
  return answers;
}

/** What cannot be read stays text, and is refused as such. */
function read(question: Question | undefined, text: string): Json {
  switch (question?.type) {
    case 'number':
    case 'integer': {
      const value = Number(text);
      return text.trim() !== '' && Number.isFinite(value) ? value : text;
    }
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'longText':
      // Browsers send line ends as CR LF (HTML, 4.10.21.7).
      return text.replaceAll('\r\n', '\n');
    default:
      return text;
  }
}
