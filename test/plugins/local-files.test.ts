import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import { probePort } from '../../core/domains/compute/port-probe.ts';
import { errorsOf } from '../../core/language/schema/ajv.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import createDuckdb from '../../plugins/createDuckdb/index.ts';
import createFolder from '../../plugins/createFolder/index.ts';
import leasePort from '../../plugins/leasePort/index.ts';
import measureEnvironment from '../../plugins/measureEnvironment/index.ts';
import probeEnvironment from '../../plugins/probeEnvironment/index.ts';
import releasePort from '../../plugins/releasePort/index.ts';
import removeFiles from '../../plugins/removeFiles/index.ts';
import removeFolder from '../../plugins/removeFolder/index.ts';
import writeCredentials from '../../plugins/writeCredentials/index.ts';
import { portLedger } from '../../db/stores/port-ledger.ts';
import { openDatabase } from '../../db/open.ts';
import { inSession, testHost, type TestHost } from '../support/host.ts';
import { rejection } from '../support/rejection.ts';
import { CREDENTIALS, credentialsOf, DUCKDB, fileIn, LOCAL_STEPS, makeEnvironment, stepsOf, stepType, type Step } from './local-steps.ts';

describe("an environment's files and port", () => {
  let at: TestHost;
  before(async () => {
    at = await testHost();
  });
  after(() => at.close());

  let environment: string;
  let step: Step;
  beforeEach(() => {
    environment = uuid7();
    step = stepsOf(at.host, at.tenantId, environment);
  });

  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

  describe('folder', () => {
    it('is closed to other users, also where one was there that was not', async () => {
      const { folder } = await step(createFolder);
      expect(folder).to.equal(join(at.folder, environment));
      expect(await modeOf(folder)).to.equal(0o700);
      await chmod(folder, 0o777);
      await writeFile(join(folder, 'kept'), 'x');
      await step(createFolder);
      expect(await modeOf(folder)).to.equal(0o700);
      expect(await readdir(folder)).to.deep.equal(['kept']);
    });

    it('is never a link to somewhere else', async () => {
      const outside = join(at.folder, 'outside');
      await mkdir(outside, { recursive: true });
      await symlink(outside, join(at.folder, environment));
      expect(await rejection(step(createFolder))).to.include({ kind: 'config', code: 'ALREADY_EXISTS' });
      await step(removeFolder);
      expect(await readdir(at.folder)).to.include('outside').and.not.include(environment);
    });

    it('is removed with all in it and nothing that links in it lead to, twice as well as once', async () => {
      const outside = join(at.folder, 'treasure');
      await mkdir(outside, { recursive: true });
      await writeFile(join(outside, 'gold'), 'x');
      const folder = (await step(createFolder)).folder;
      await mkdir(join(folder, 'a/b'), { recursive: true });
      await writeFile(join(folder, 'a/b/c'), 'x');
      await symlink(outside, join(folder, 'a/link'));
      await step(removeFolder);
      await step(removeFolder);
      expect(await rejection(lstat(folder))).to.have.property('code', 'ENOENT');
      expect(await readdir(outside)).to.deep.equal(['gold']);
    });

    it('cannot be named by anything but an id', async () => {
      for (const bad of ['..', '../treasure', '/etc', `${environment}/..`, '', '.']) {
        for (const plugin of [createFolder, removeFolder]) {
          expect(await rejection(step(plugin, { environment: bad })), bad).to.include({ kind: 'config', code: 'INVALID_REQUEST' });
        }
      }
    });
  });

  it('are refused by every step type for an environment or file whose name is none', () => {
    for (const plugin of LOCAL_STEPS.map(stepType)) {
      for (const bad of ['..', `x"; DROP DATABASE postgres; --`, `${environment}\n`]) {
        expect(errorsOf(plugin.config, { environment: bad }), plugin.name).to.not.deep.equal([]);
      }
    }
    for (const file of ['../x', '/etc/passwd', '..', '.', 'a/b', '']) {
      const given = { environment, file };
      expect(errorsOf(stepType(createDuckdb).config, given), file).to.not.deep.equal([]);
      expect(errorsOf(stepType(removeFiles).config, { environment, files: [file] }), file).to.not.deep.equal([]);
    }
  });

  it('are out of reach without a platform, and where workers run on several hosts', async () => {
    for (const plugin of LOCAL_STEPS.map(stepType)) {
      expect(await plugin.preflight?.({}), plugin.name).to.contain('this needs a running platform');
      const host = { ...at.host, workerHosts: async () => 2 };
      expect(await plugin.preflight?.({ host }), plugin.name).to.contain('Workers run on 2 hosts');
      expect(await plugin.preflight?.({ host: at.host }), plugin.name).to.equal(undefined);
    }
  });

  describe('DuckDB file', () => {
    const ownerIn = async (file: string): Promise<string> => {
      const instance = await DuckDBInstance.create(file);
      const connection = await instance.connect();
      const rows = (await connection.runAndReadAll('SELECT id::text FROM sluice.environment')).getRows();
      connection.closeSync();
      instance.closeSync();
      return String(rows[0]);
    };

    it('says whose it is, and is kept as it is when it is made again', async () => {
      await step(createFolder);
      const { duckdbFile } = await step(createDuckdb, { file: DUCKDB });
      const before = await stat(duckdbFile);
      await step(createDuckdb, { file: DUCKDB });
      expect((await stat(duckdbFile)).mtimeMs).to.equal(before.mtimeMs);
      expect(await ownerIn(duckdbFile)).to.equal(environment);
      expect(await readdir(at.host.folderOf(environment))).to.deep.equal([DUCKDB]);
    });

    it('is made whole where a crash left it half made, and removed', async () => {
      await step(createFolder);
      const file = fileIn(at.host, environment, DUCKDB);
      await writeFile(`${file}.new`, 'half a file');
      await writeFile(`${file}.new.wal`, 'half a log');
      await step(createDuckdb, { file: DUCKDB });
      expect(await ownerIn(file)).to.equal(environment);
      await step(removeFiles, { files: [DUCKDB, `${DUCKDB}.wal`] });
      await step(removeFiles, { files: [DUCKDB, `${DUCKDB}.wal`] });
      expect(await readdir(at.host.folderOf(environment))).to.deep.equal([]);
    });
  });

  describe('credentials', () => {
    it('are readable by their owner only, and in no result', async () => {
      const url = await makeEnvironment(step);
      const file = fileIn(at.host, environment, CREDENTIALS);
      expect(await modeOf(file)).to.equal(0o600);
      const { password } = new URL(url);
      expect(password).to.have.length(32);
      const results = [await step(measureEnvironment, { files: [CREDENTIALS] }), await credentialsResult()];
      expect(JSON.stringify(results)).to.not.contain(password);

      async function credentialsResult() {
        return step(writeCredentials, { file: CREDENTIALS, values: { port: 20001 } });
      }
    });

    it('stay the same when they are written again, with what is new beside them', async () => {
      const url = await makeEnvironment(step);
      await step(writeCredentials, { file: CREDENTIALS, values: { port: 20001 } });
      const text = await readFile(fileIn(at.host, environment, CREDENTIALS), 'utf8');
      expect(JSON.parse(text)).to.deep.equal({ port: 20001, databaseUrl: url });
      expect(await inSession(url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    });

    it('work after a crash between the file and the server, and where the file was spoilt', async () => {
      const url = await makeEnvironment(step);
      await at.host.databases.setPassword(environment, 'another');
      expect(await credentialsOf(step)).to.equal(url);
      expect(await inSession(url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      const file = fileIn(at.host, environment, CREDENTIALS);
      await writeFile(file, '{"databaseUrl": "postgres://env:we');
      await writeFile(`${file}.new`, 'half a file');
      const fresh = await credentialsOf(step);
      expect(fresh).to.not.equal(url);
      expect(await inSession(fresh, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      expect(await rejection(inSession(url, 'SELECT 1'))).to.have.property('code', '28P01');
    });

    it('are not written through a link', async () => {
      await makeEnvironment(step);
      const outside = join(at.folder, 'target');
      await writeFile(outside, 'untouched');
      const file = fileIn(at.host, environment, CREDENTIALS);
      await step(removeFiles, { files: [CREDENTIALS] });
      await symlink(outside, file);
      await credentialsOf(step);
      expect((await lstat(file)).isFile()).to.equal(true);
      expect(await readFile(outside, 'utf8')).to.equal('untouched');
    });
  });

  describe('port', () => {
    it('is one for an environment, and another for another, at the same time too', async () => {
      const others = Array.from({ length: 8 }, () => stepsOf(at.host, at.tenantId, uuid7()));
      const leases = await Promise.all([step, step, step, ...others].map((one) => one(leasePort)));
      const [mine, again, third, ...theirs] = leases.map(({ port }) => port);
      expect([again, third]).to.deep.equal([mine, mine]);
      expect(new Set([mine, ...theirs]).size).to.equal(9);
      await step(releasePort);
      await step(releasePort);
      expect(await at.host.ports.find(at.tenantId, environment)).to.equal(undefined);
    });

    it('is none that somebody listens on or has leased, and nobody holds it', async () => {
      const db = await openDatabase({ url: at.url });
      const listener = createServer();
      const taken = await new Promise<number>((settle) => {
        const listen = (port: number): void => void listener.listen(port, '127.0.0.1');
        let port = 25_000;
        listener.on('error', () => listen(++port));
        listener.on('listening', () => settle((listener.address() as AddressInfo).port));
        listen(port);
      });
      const ledger = portLedger(db.engine, probePort, () => taken);
      const first = await ledger.lease(at.tenantId, environment);
      const second = await ledger.lease(at.tenantId, uuid7());
      expect(first).to.be.greaterThan(taken);
      expect(second).to.be.greaterThan(first);
      expect(await ledger.probe(taken)).to.equal('answered');
      expect(await ledger.probe(first)).to.equal('free');
      await new Promise((closed) => listener.close(closed));
      await db.close();
    });

    it('is not seen by other tenants of the control plane', async () => {
      await step(leasePort);
      const db = await openDatabase({ url: at.url });
      const seen = await db.inTenants([uuid7()], async (client) => (await client.query('SELECT FROM port_leases')).rowCount);
      const own = await db.inTenants([at.tenantId], async (client) => (await client.query('SELECT FROM port_leases')).rowCount);
      expect([seen, own! > 0]).to.deep.equal([0, true]);
      await db.close();
    });
  });

  describe('readiness and measures', () => {
    const probe = { credentials: CREDENTIALS, duckdb: DUCKDB };
    const whole = async (): Promise<number> => {
      await makeEnvironment(step);
      await step(createDuckdb, { file: DUCKDB });
      return Number((await step(leasePort)).port);
    };

    it('tell an environment that is whole', async () => {
      const port = await whole();
      expect(await step(probeEnvironment, { ...probe, port })).to.deep.equal({ port: 'free' });
      const facts = await step(measureEnvironment, { files: [CREDENTIALS, DUCKDB], databaseQuota: 1e12, folderQuota: 1e12 });
      expect(facts).to.deep.include({ missing: [], exceeded: [], open: true, databaseUrl: at.host.databases.urlOf(environment) });
      expect(facts.databaseBytes).to.be.greaterThan(1_000_000);
      expect((await readdir(at.host.folderOf(environment))).sort()).to.deep.equal([CREDENTIALS, DUCKDB]);
    });

    it('tell what an environment lacks to be ready', async () => {
      const port = await whole();
      const fails = async (what: string): Promise<void> => {
        const error = await rejection(step(probeEnvironment, { ...probe, port }));
        expect(error).to.include({ kind: 'transient', code: 'PROBE_FAILED' });
        expect(error.message).to.contain(what);
      };
      await at.host.databases.setPassword(environment, 'another');
      await fails('its database cannot be used with its credentials');
      await credentialsOf(step);
      await writeFile(fileIn(at.host, environment, DUCKDB), 'no database');
      await fails('its DuckDB file cannot be opened');
      await step(removeFiles, { files: [CREDENTIALS] });
      await fails('its credentials cannot be read');
      await step(removeFolder);
      await fails('its folder cannot be written to');
    });

    it('tell what is missing, part by part', async () => {
      await whole();
      const missing = async (): Promise<unknown> => (await step(measureEnvironment, { files: [CREDENTIALS, DUCKDB] })).missing;
      expect(await missing()).to.deep.equal([]);
      await step(removeFiles, { files: [DUCKDB] });
      expect(await missing()).to.deep.equal([DUCKDB]);
      await step(releasePort);
      expect(await missing()).to.deep.equal([DUCKDB, 'port lease']);
      await step(removeFolder);
      await at.host.databases.drop(environment);
      expect(await missing()).to.deep.equal(['role', 'database', 'folder', CREDENTIALS, DUCKDB, 'port lease']);
    });

    it('tell which quota is exceeded and by how much', async () => {
      await whole();
      await writeFile(fileIn(at.host, environment, 'big'), Buffer.alloc(3 * 1024 * 1024));
      const { exceeded, folderBytes } = await step(measureEnvironment, { files: [], databaseQuota: 1024, folderQuota: 1024 * 1024 });
      expect(exceeded).to.have.length(2);
      expect(exceeded[0]).to.match(/^The database takes .* more than its quota of 1 KiB\.$/);
      expect(exceeded[1]).to.match(/^The folder takes 3\.\d MiB, 2\.\d MiB more than its quota of 1 MiB\.$/);
      expect(folderBytes).to.be.greaterThan(3 * 1024 * 1024);
    });

    it('tell a database that somebody closed', async () => {
      await whole();
      await at.query(`ALTER ROLE env_${environment.replaceAll('-', '')} NOLOGIN`);
      expect(await step(measureEnvironment, { files: [] })).to.include({ open: false });
    });
  });
});
