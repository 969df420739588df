import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import type { CompiledForm, FormCache } from '../../domains/forms/form-cache.ts';
import type { Submissions } from '../../domains/forms/submit.ts';
import { notFound, SluiceError } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { Directory } from '../../kernel/stores/stores.ts';
import { answersOf, formPage, sentPage, SUBMISSION, type Given } from '../form-page.ts';
import { idIn } from '../ids.ts';
import { flaw } from '../json-text.ts';
import { route, type Context, type Route } from '../route.ts';

export interface PublicFormDeps {
  readonly directory: Pick<Directory, 'publishedForm'>;
  readonly forms: FormCache;
  readonly submissions: Submissions;
}

const tag = 'Forms';
const FormData = Type.Unsafe<Given>({
  type: 'object',
  additionalProperties: { type: 'array', items: { type: 'string' } },
});

export function publicFormRoutes({ directory, forms, submissions }: PublicFormDeps): Route[] {
  const published = async (context: Context): Promise<CompiledForm> => {
    const form = await directory.publishedForm(idIn(context, 'form', 'formId'));
    if (!form) throw notFound('form');
    return forms.get(form.tenantId, form.id);
  };
  return [
    route({
      method: 'GET',
      path: '/f/{formId}',
      tag,
      summary: 'The page of a published form.',
      access: 'public',
      query: Type.Object({}, { additionalProperties: Type.String() }),
      answers: { 200: { description: 'The form.', type: 'text/html' } },
      owner: published,
      handle: async ({ owned }) => formPage(200, owned.form, { submission: uuid7() }),
    }),
    route({
      method: 'POST',
      path: '/f/{formId}',
      tag,
      summary: 'What that page sends: a response as form data.',
      access: 'public',
      body: FormData,
      bodyType: 'form',
      answers: {
        201: { description: 'Thanks.', type: 'text/html' },
        422: { description: 'The form again, with what is wrong.', type: 'text/html' },
      },
      owner: published,
      async handle({ owned, body }) {
        const { form } = owned;
        const submission = body[SUBMISSION]?.[0] ?? uuid7();
        try {
          const answers = answersOf(form.questions, body);
          refuseFlaws(body);
          const text = JSON.stringify(answers);
          // Pressing the button twice sends the same twice: it is one response. Changed answers are another.
          const bodyHash = createHash('sha256').update(text).digest();
          const key = `${submission.slice(0, 64)} ${bodyHash.toString('base64url')}`;
          const claim = { route: `POST /f/${form.id}`, key, bodyHash };
          const answer = () => ({ status: 201, body: 'null' });
          await submissions.submit(owned, answers, { claim, answer });
          return sentPage(form);
        } catch (error) {
          if (!(error instanceof SluiceError) || error.code !== 'VALIDATION_FAILED') throw error;
          return formPage(422, form, { submission, given: body, errors: error.errors });
        }
      },
    }),
  ];
}

function refuseFlaws(body: Given): void {
  for (const [key, values] of Object.entries(body)) {
    const message = values.map(flaw).find((found) => found !== undefined);
    if (message !== undefined)
      throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: `/answers/${key}`, message }] });
  }
}
