import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readDefinitions } from '../../../core/domains/definitions/files.ts';

const MODELS = `models:
  sales: { sql: models/sales.sql, dirty: models/sales.dirty.sql, tests: [ { reconcile: { sum: n, equals: models/sales.total.sql } } ] }
  gone: { sql: models/gone.sql }
  outside: { sql: ../outside.sql, dirty: /etc/hosts.sql }
`;

describe('the files that a definition names', () => {
  let folder: string;
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  const filesOf = async () => {
    const sources = await readDefinitions(path.join(folder, 'datasets'));
    return Object.fromEntries(sources.map(({ file, files }) => [path.basename(file), files]));
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'sluice-definitions-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are read with it, and those beside them that are for one warehouse; no other ones', async () => {
    write('datasets/shop.yaml', `kind: dataset\n${MODELS}`);
    for (const name of ['sales', 'sales.dirty', 'sales.total', 'sales.duckdb', 'sales.dirty.duckdb', 'other', 'sales2'])
      write(`datasets/models/${name}.sql`, `-- ${name}`);
    write('outside.sql', 'no');
    expect((await filesOf())['shop.yaml']).to.deep.equal({
      'models/sales.sql': '-- sales',
      'models/sales.dirty.sql': '-- sales.dirty',
      'models/sales.total.sql': '-- sales.total',
      'models/sales.duckdb.sql': '-- sales.duckdb',
      'models/sales.dirty.duckdb.sql': '-- sales.dirty.duckdb',
    });
  });

  it('are none of other kinds, or where the text cannot be read', async () => {
    write('datasets/models/sales.sql', 'select 1');
    write('datasets/sink.yaml', `kind: sink\n${MODELS}`);
    write('datasets/broken.yaml', `kind: dataset\n${MODELS}  : [`);
    write('datasets/odd.yaml', 'kind: dataset\nmodels: [ { sql: models/sales.sql } ]\n');
    expect(await filesOf()).to.deep.equal({ 'sink.yaml': {}, 'broken.yaml': {}, 'odd.yaml': {} });
  });
});
