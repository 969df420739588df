import type { Json } from '../../core/kernel/json.ts';
import type { Form, FormStore, Question } from '../../core/kernel/stores/forms.ts';
import type { Form as FormRow } from '../models/form.ts';
import { cut, pageOptions } from './page.ts';
import { orConflict, type Session } from './transaction.ts';

export function formStore({ models, transaction }: Session): FormStore {
  return {
    async insert(form) {
      await models.Form.create({ ...form, questions: asJson(form.questions) }, { transaction, silent: true });
    },
    async find(tenantId, id) {
      const row = await models.Form.findOne({ where: { tenantId, id }, transaction });
      return row === null ? undefined : showForm(row);
    },
    async lock(tenantId, id) {
      const row = await models.Form.findOne({ where: { tenantId, id }, transaction, lock: true });
      return row === null ? undefined : showForm(row);
    },
    async list(tenantId, page) {
      const rows = await models.Form.findAll({ ...pageOptions({ tenantId }, page), transaction });
      return cut(rows, page, showForm);
    },
    async update({ tenantId, id, title, questions, published }) {
      const row = await models.Form.findOne({ where: { tenantId, id }, transaction, rejectOnEmpty: true });
      row.set({ title, questions: asJson(questions), published });
      return orConflict('form', async () => showForm(await row.save({ transaction })));
    },
    async delete(tenantId, id) {
      await models.Automation.destroy({
        where: { tenantId, source: 'form.response', sourceId: id },
        transaction,
      });
      await models.Form.destroy({ where: { tenantId, id }, transaction });
    },
  };
}

/** Questions are JSON by nature; interfaces have no index signature, which is all that the types lack. */
function asJson(questions: readonly Question[]): readonly Json[] {
  return questions.map((question) => ({ ...question }));
}

function showForm(row: FormRow): Form {
  return {
    tenantId: row.tenantId,
    id: row.id,
    title: row.title,
    questions: row.questions as readonly unknown[] as readonly Question[],
    published: row.published,
    version: Number(row.version),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
