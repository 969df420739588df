import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../architecture/sources.ts';
import { createDatabase } from '../support/database.ts';
import { command, type Ended } from '../support/shell.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';

const BIN = path.join(ROOT, 'core/cli/bin.mjs');

describe('sluice shards, beside a running process', function () {
  this.timeout(90_000);
  type TestDatabase = Awaited<ReturnType<typeof createDatabase>>;
  let folder: string;
  let control: TestDatabase;
  let one: TestDatabase;
  let two: TestDatabase;
  let env: Record<string, string>;
  let server: SluiceProcess | undefined;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-shards-'));
    [control, one, two] = [await createDatabase(), await createDatabase(), await createDatabase()];
    env = {
      SLUICE_DATA_DIR: folder,
      SLUICE_DATABASE_URL: control.url,
      SLUICE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      SLUICE_LOG_LEVEL: 'warn',
    };
  });
  after(async () => {
    await server?.end('SIGTERM');
    for (const database of [one, two, control]) await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const shards = (...args: string[]): Promise<Ended> => command(process.execPath, [BIN, 'shards', ...args], { env });
  const added = async (family: string, key: string): Promise<string> => {
    const put = await server!.call('PUT', '/api/log', { family, schema: {}, logs: [{}] }, key);
    expect(put.status, JSON.stringify(put.body)).to.equal(200);
    return (await server!.call('GET', `/v1/log-families/${family}`, undefined, key)).body.shard;
  };

  it('lists, adds and drains servers, and the process acts on it at once', async () => {
    expect((await shards('list')).out).to.contain('There are no shards.');
    expect(await shards('add', 'one', one.url)).to.deep.equal({
      end: 0,
      out: 'The shard one (postgres) is active, with a weight of 1.\n',
      err: '',
    });
    server = await startSluice({ ...env, SLUICE_LOG_SHARDS: '' });
    const tenant = await server.call('POST', '/v1/tenants', { name: 'Acme' });
    expect(await added('first', tenant.body.apiKey)).to.equal('one');

    expect((await shards('add', 'two', two.url, '--weight', '5')).end).to.equal(0);
    expect((await shards('drain', 'one')).out).to.equal('The shard one is draining: it keeps the families it has, and takes no new ones.\n');
    expect(await added('second', tenant.body.apiKey)).to.equal('two');
    expect(await added('first', tenant.body.apiKey)).to.equal('one');

    const { out } = await shards('list', '--format', 'json');
    const [first, second, ...others] = JSON.parse(out) as object[];
    expect(first).to.include({ name: 'one', store: 'postgres', weight: 1, state: 'draining', families: 1, bytes: 0 });
    expect(second).to.include({ name: 'two', store: 'postgres', weight: 5, state: 'active', families: 1, bytes: 0 });
    expect(others).to.have.length(0);
    expect(out).to.not.contain('postgres://');
    expect((await shards('list')).out).to.match(/│ two +│ postgres │ active +│ 5 +│ 1 +│ 0 +│/);
  });

  it('says on stderr what it cannot do, and ends with what that means', async () => {
    const twin = await shards('add', 'one', one.url);
    expect(twin).to.include({ end: 1, out: '' });
    expect(twin.err).to.contain('There is a shard "one" already. (CONFLICT)').and.to.not.contain('    at ');
    const lost = await shards('drain', 'three');
    expect(lost).to.include({ end: 1, out: '' });
    expect(lost.err).to.contain('There is no shard "three"; there are one, two. (NOT_FOUND)');
    const away = await shards('add', 'three', 'postgres://someone:their-password@127.0.0.1:1/x');
    expect(away.end).to.equal(1);
    expect(away.err).to.contain('The server cannot be used').and.to.not.contain('their-password');
    const strange = await shards('add', 'three', 'redis://127.0.0.1');
    expect(strange.err).to.contain('The URL must begin with');
    expect((await shards('add', 'Three!', two.url)).err).to.contain('"Three!" cannot be a shard\'s name');
    expect(await shards('add', 'three', two.url, '--weight', 'much')).to.deep.include({ end: 2, out: '' });
  });
});
