import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Type } from 'typebox';
import { answerFilter } from '../../domains/forms/answer-filter.ts';
import { csvHeader, csvLine } from '../../domains/forms/csv.ts';
import type { CompiledForm, FormCache } from '../../domains/forms/form-cache.ts';
import { findResponse } from '../../domains/forms/responses.ts';
import type { Submissions, Submitted } from '../../domains/forms/submit.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Form, FormResponse } from '../../kernel/stores/forms.ts';
import { replyOf } from '../idempotent.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Reply, type Route, type Work } from '../route.ts';
import { AnyObject, closed, Id, listOf, paging, Time } from '../schema.ts';
import { ownForm } from './forms.ts';

const ResponseSchema = Type.Object({
  id: Id,
  formId: Id,
  answers: AnyObject,
  createdAt: Time,
  runs: Type.Array(Id, { description: 'The runs that it set off.' }),
});

const tag = 'Forms';
const access = 'tenant';
const CSV_PAGE = 1000;

export function responseRoutes({
  forms,
  submissions,
}: {
  readonly forms: FormCache;
  readonly submissions: Submissions;
}): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/forms/{id}/responses',
      tag,
      summary: 'Submit a response. It is stored together with the runs of the attached actions.',
      access,
      scope: 'responses:write',
      body: closed({ answers: AnyObject }),
      idempotency: 'own',
      answers: { 201: { description: 'The response.', schema: ResponseSchema } },
      owner: async (context): Promise<CompiledForm> => forms.get(context.tenantId, idIn(context, 'form')),
      async handle({ owned, body, idempotency }) {
        const answer = (submitted: Submitted) => ({
          status: 201,
          headers: { Location: locationOf(submitted) },
          body: JSON.stringify(show(submitted)),
        });
        const done = await submissions.submit(
          owned,
          body.answers,
          idempotency && { claim: idempotency, answer },
        );
        if ('repeated' in done) return replyOf(done.repeated);
        return { status: 201, headers: { Location: locationOf(done.submitted) }, body: show(done.submitted) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/forms/{id}/responses',
      tag,
      summary:
        "A form's responses, newest first; `answers.<key>=<value>` finds those with an answer, `format=csv` gives all as CSV.",
      access,
      scope: 'responses:read',
      query: closed(
        { ...paging, format: Type.Optional(Type.Enum(['json', 'csv'])) },
        { patternProperties: { '^answers[.]': { type: 'string' } } },
      ),
      answers: { 200: { description: 'Responses.', schema: listOf(ResponseSchema) } },
      owner: ownForm,
      async handle({ owned, query, work }) {
        const filter = answerFilter(owned.questions, query);
        if (query.format === 'csv') return csvReply(owned, filter, work);
        const request = pageRequest(query);
        const { page, runs } = await work(async (stores) => {
          const page = await stores.responses.list(owned.tenantId, owned.id, filter, request);
          return {
            page,
            runs: await stores.responses.runsOf(
              owned.tenantId,
              page.items.map(({ id }) => id),
            ),
          };
        });
        return {
          status: 200,
          body: pageBody(page, (response) => show({ response, runs: runs.get(response.id) ?? [] })),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/forms/{id}/responses/{responseId}',
      tag,
      summary: 'One response.',
      access,
      scope: 'responses:read',
      answers: { 200: { description: 'The response.', schema: ResponseSchema } },
      owner: async (context): Promise<Submitted> => {
        const form = await ownForm(context);
        const id = idIn(context, 'response', 'responseId');
        return context.work((stores) => findResponse(stores, form, id));
      },
      handle: async ({ owned }) => ({ status: 200, body: show(owned) }),
    }),
  ];
}

function locationOf({ response }: Submitted): string {
  return `/v1/forms/${response.formId}/responses/${response.id}`;
}

function show({ response, runs }: Submitted): object {
  const { id, formId, answers, createdAt } = response;
  return { id, formId, answers, createdAt, runs };
}

/** Page by page, at the pace of whoever reads. */
function csvReply(form: Form, filter: JsonObject, work: Work): Reply {
  const stream = async (response: ServerResponse): Promise<void> => {
    response.write(csvHeader(form.questions));
    for (let after: string | undefined; ;) {
      const request = { limit: CSV_PAGE, ...(after !== undefined && { after }) };
      const page = await work((stores) => stores.responses.list(form.tenantId, form.id, filter, request));
      const lines = page.items.map((item: FormResponse) => csvLine(form.questions, item)).join('');
      if (response.destroyed) return;
      if (lines && !response.write(lines))
        await Promise.race([once(response, 'drain'), once(response, 'close')]);
      if (page.next === undefined) break;
      after = page.next;
    }
    response.end();
  };
  const headers = { 'Content-Disposition': `attachment; filename="responses-${form.id}.csv"` };
  return { status: 200, type: 'text/csv; charset=utf-8; header=present', headers, stream };
}
