import type { ClientBase } from 'pg';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { FormResponse, ResponseStore } from '../../core/kernel/stores/forms.ts';
import { cut } from './page.ts';

// `@>` finds a value, and a choice among many: {"a": ["x", "y"]} contains {"a": ["x"]}.
const LIST = `
  SELECT id, answers, created_at FROM form_responses
  WHERE tenant_id = $1 AND form_id = $2 AND answers @> $3::jsonb AND ($4::uuid IS NULL OR id < $4)
  ORDER BY id DESC LIMIT $5`;

const FIND = `
  SELECT id, answers, created_at FROM form_responses WHERE tenant_id = $1 AND form_id = $2 AND id = $3`;

const RUNS = `SELECT id, subject FROM runs WHERE tenant_id = $1 AND subject = ANY ($2) ORDER BY id`;

interface Row {
  readonly id: string;
  readonly answers: JsonObject;
  readonly created_at: Date;
}

export function responseStore(client: ClientBase): ResponseStore {
  const show = (tenantId: string, formId: string, row: Row): FormResponse => {
    return { tenantId, formId, id: row.id, answers: row.answers, createdAt: row.created_at };
  };
  return {
    async find(tenantId, formId, id) {
      const { rows } = await client.query<Row>(FIND, [tenantId, formId, id]);
      return rows[0] && show(tenantId, formId, rows[0]);
    },
    async list(tenantId, formId, filter, page) {
      const { rows } = await client.query<Row>(LIST, [
        tenantId,
        formId,
        JSON.stringify(filter),
        page.after ?? null,
        page.limit + 1,
      ]);
      return cut(rows, page, (row) => show(tenantId, formId, row));
    },
    async runsOf(tenantId, responseIds) {
      const subjects = responseIds.map((id) => `response:${id}`);
      const { rows } = await client.query<{ id: string; subject: string }>(RUNS, [tenantId, subjects]);
      const found = new Map<string, string[]>(responseIds.map((id) => [id, []]));
      for (const { id, subject } of rows) found.get(subject.slice('response:'.length))?.push(id);
      return found;
    },
  };
}
