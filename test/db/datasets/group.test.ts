import { expect } from 'chai';
import { groupsOf, groupWith } from '../../../db/datasets/group.ts';
import { layoutsOf } from '../../../db/datasets/layout.ts';
import { tableOf } from './dataset-database.ts';

const TABLES = [
  tableOf('product', ['id text']),
  tableOf('payment', ['id text']),
  tableOf('orders', ['id text']),
  tableOf('variant', ['id text', 'product_id text'], { references: { product_id: 'product' } }),
  tableOf('line', ['id text', 'order_id text'], { references: { order_id: 'orders' } }),
];
const BOTH = tableOf('shelf', ['id text', 'variant_id text', 'line_id text'], { references: { variant_id: 'variant', line_id: 'line' } });

const groups = (tables: typeof TABLES) => groupsOf(layoutsOf('s', tables).values());
const names = (tables: typeof TABLES): string[] => groups(tables).map((group) => [...group.keys()].join(' '));

describe('groups of tables', () => {
  it('are those that references connect, each behind those it refers to', () => {
    expect(names(TABLES)).to.have.members(['payment', 'product variant', 'orders line']);
    expect(names([...TABLES, BOTH])).to.have.members(['payment', 'product variant orders line shelf']);
  });

  it('are taken together where a load concerns several', () => {
    const concerned = groupWith(groups(TABLES), ({ table }) => table.name === 'payment' || table.name === 'line');
    expect([...concerned.keys()]).to.have.members(['payment', 'orders', 'line']);
  });
});
