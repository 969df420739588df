import { expect } from 'chai';
import type { DataTypes } from 'sequelize';
import { testDatabase, type TestDatabase } from '../support/database.ts';

/** Types of columns that the models use, by Sequelize's name of each. */
const TYPES: Readonly<Record<string, string>> = {
  UUID: 'uuid',
  TEXT: 'text',
  BLOB: 'bytea',
  DATE: 'timestamp with time zone',
  BIGINT: 'bigint',
  BOOLEAN: 'boolean',
  JSON: 'json',
  JSONB: 'jsonb',
  ARRAY: 'ARRAY',
};

interface Column {
  name: string;
  type: string;
  nullable: boolean;
  key: boolean;
}

describe('models', () => {
  let test: TestDatabase;
  before(async () => {
    test = await testDatabase();
  });
  after(() => test.drop());

  it('have the columns of their tables, with the same types, nullability and keys', async () => {
    const models = Object.values(test.db.models);
    const described = models.map((model) => [model.tableName, columnsOf(model.getAttributes())]);
    const made = await Promise.all(
      models.map(async (model) => [model.tableName, await columnsIn(model.tableName)]),
    );
    expect(Object.fromEntries(described)).to.deep.equal(Object.fromEntries(made));
  });

  function columnsOf(attributes: Record<string, unknown>): Column[] {
    const columns = Object.values(attributes).map((attribute) => {
      const { field, type, allowNull, primaryKey } = attribute as {
        field: string;
        type: InstanceType<typeof DataTypes.ABSTRACT>;
        allowNull?: boolean;
        primaryKey?: boolean;
      };
      const key = primaryKey === true;
      return { name: field, type: TYPES[type.key] ?? type.key, nullable: !key && allowNull !== false, key };
    });
    return columns.sort((x, y) => x.name.localeCompare(y.name));
  }

  async function columnsIn(table: string): Promise<Column[]> {
    const { rows } = await test.db.engine.query<Column>(
      `SELECT a.attname AS name,
         CASE WHEN a.attndims > 0 THEN 'ARRAY' ELSE format_type(a.atttypid, NULL) END AS type,
         NOT a.attnotnull AS nullable,
         a.attnum = ANY (k.conkey) AS key
       FROM pg_attribute a JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p'
       WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped`,
      [table],
    );
    return rows.sort((x, y) => x.name.localeCompare(y.name));
  }
});
