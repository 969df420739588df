import { Op, type WhereOptions } from 'sequelize';
import type { Page, PageRequest } from '../../core/kernel/stores/page.ts';

/** One row more than asked for tells whether there is a next page. */
export function cut<Row, Item extends { readonly id: string }>(
  rows: readonly Row[],
  { limit }: PageRequest,
  show: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, limit).map(show);
  return { items, next: rows.length > limit ? items.at(-1)?.id : undefined };
}

/** Model options of a page, newest first: ids are UUIDv7, so their order is that of creation. */
export function pageOptions(where: Record<string, unknown>, page: PageRequest) {
  const after = page.after === undefined ? {} : { id: { [Op.lt]: page.after } };
  return {
    where: { ...where, ...after } as WhereOptions,
    order: [['id', 'DESC'] as [string, string]],
    limit: page.limit + 1,
  };
}
