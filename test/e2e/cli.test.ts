import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../architecture/sources.ts';
import { begin, command, type Ended, type Surroundings, type Underway } from '../support/shell.ts';

const BIN = path.join(ROOT, 'core/cli/bin.mjs');
const BROKEN = 'test/fixtures/broken';

const sluice = (args: readonly string[], surroundings?: Surroundings): Promise<Ended> =>
  command(process.execPath, [BIN, ...args], surroundings);

describe('The command line, as a process', function () {
  this.timeout(90_000);
  let folder: string;
  let env: Record<string, string>;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-cli-'));
    // As root the database runs as another user, who must be able to pass.
    await chmod(folder, 0o711);
    env = { SLUICE_DATA_DIR: path.join(folder, 'data'), SLUICE_PORT: '0', SLUICE_LOG_LEVEL: 'warn' };
  });
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));

  const file = async (name: string, content: object): Promise<string> => {
    const place = path.join(folder, name);
    await writeFile(place, JSON.stringify(content));
    return place;
  };

  it('lints the broken fixtures: each finding with file, line, column and path, and exit code 1', async () => {
    const { end, out } = await sluice(['lint', BROKEN]);
    // Step types are a test's own in one of them, and unknown to the product.
    const names = readdirSync(path.join(ROOT, BROKEN)).filter((name) => name.endsWith('.txt') && !name.startsWith('step-types'));
    const expected = names.flatMap((name) => readFileSync(path.join(ROOT, BROKEN, name), 'utf8').trimEnd().split('\n'));
    // The fixtures are written for the schemes that the language itself names; here the plugins beside them are known.
    const seen = out
      .replace('apiKey, awsSigV4, basic', 'apiKey, basic')
      .replace('bearer, jwt, oauth2, standardWebhooks.', 'bearer, oauth2.');
    const lines = seen.trimEnd().split('\n').slice(0, -1);
    const findings = lines.filter((line) => !line.startsWith(`${BROKEN}/step-types`));
    expect(names.length).to.be.at.least(10);
    expect(findings.toSorted()).to.deep.equal(expected.map((line) => `${BROKEN}/${line}`).toSorted());
    for (const finding of findings) expect(finding).to.match(/^\S+\.(yaml|sql):\d+:\d+ \S+: ./);
    expect(end).to.equal(1);
  });

  it('tests the bundled definitions offline, with every rule hit', async () => {
    const { end, out } = await sluice(['test', 'definitions']);
    const [, passed, failed, hit, rules] = /(\d+) passed, (\d+) failed; rule coverage (\d+) of (\d+)/.exec(out) ?? [];
    expect(Number(passed)).to.be.greaterThan(0);
    expect(failed).to.equal('0');
    expect(hit).to.equal(rules);
    expect(end).to.equal(0);
  });

  it('runs an action against the sandbox with neither server nor database', async () => {
    const sandbox = begin(process.execPath, [BIN, 'sandbox', '--port', '0']);
    try {
      const [, endpoints = ''] = await sandbox.printed(/SLUICE_ENDPOINTS='([^']+)'/);
      const [, config = '', from = ''] = await sandbox.printed(/twilio-sms +(\{.*\}) +\(from (\S+)\)/);
      const { authToken } = JSON.parse(config) as { authToken: string };
      const connection = await file('connection.json', JSON.parse(config) as object);
      const sent = (input: string) =>
        sluice(
          ['run', 'definitions/integrations/twilio-sms.yaml', 'send', '--connection', connection, '--input', input, '--format', 'json'],
          { env: { ...env, SLUICE_ENDPOINTS: endpoints } },
        );
      const done = await sent(await file('good.json', { to: '+15550100101', from, body: 'שלום 🎉' }));
      const result = JSON.parse(done.out) as { state: string; outputs: object; error: unknown; steps: object[] };
      expect(result).to.have.all.keys('state', 'outputs', 'error', 'steps');
      expect(result).to.include({ state: 'succeeded', error: null });
      expect(result.steps[0]).to.include({ step: 'message', attempt: 1, state: 'succeeded' });
      expect(done.out).to.not.contain(authToken);
      expect(done.end).to.equal(0);

      const refused = await sent(await file('bad.json', { to: '+15005550001', from, body: 'Hello' }));
      expect(JSON.parse(refused.out)).to.include({ state: 'failed' });
      expect(refused.end).to.equal(1);
      expect(existsSync(env['SLUICE_DATA_DIR']!)).to.equal(false);
    } finally {
      sandbox.child.kill('SIGTERM');
    }
    expect((await sandbox.ended).end).to.equal(0);
  });

  it('migrates a database, and says so when there is nothing to do', async () => {
    const first = await sluice(['migrate'], { env });
    expect(first.out).to.match(/^(?:applied \d{4}-\S+\n)+$/);
    expect(first.end).to.equal(0);
    expect(await sluice(['migrate'], { env })).to.deep.equal({ end: 0, out: 'The schema is up to date.\n', err: '' });
  });

  it('wraps the data keys of all tenants with a new master key, after which the old one may go', async () => {
    const [old, current] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')];
    const root = 'root-key-of-the-tests-0123456789';
    const makeTenant = begin(process.execPath, [BIN, 'start'], { env: { ...env, SLUICE_ROOT_KEY: root, SLUICE_MASTER_KEY: old } });
    const [, url] = await makeTenant.printed(/Sluice serves (\S+)/);
    const tenant = await fetch(`${url}/v1/tenants`, {
      method: 'POST',
      headers: { authorization: `Bearer ${root}`, 'content-type': 'application/json' },
      body: '{"name":"Acme"}',
    });
    expect(tenant.status).to.equal(201);
    makeTenant.child.kill('SIGTERM');
    expect((await makeTenant.ended).end).to.equal(0);

    const rotate = (keys: string) => sluice(['keys', 'rotate'], { env: { ...env, SLUICE_MASTER_KEY: keys } });
    const lost = await rotate(current);
    expect(lost.err).to.contain('is not among those given').and.to.not.contain('    at ');
    expect(lost.end).to.equal(1);
    expect((await rotate(`${current},${old}`)).out).to.equal('3 data keys wrapped with the current master key.\n');
    expect(await rotate(current)).to.include({ end: 0, out: '0 data keys wrapped with the current master key.\n' });
  });

  it('prints the schema that editors use, as it is kept in definitions/', async () => {
    const { end, out } = await sluice(['schema']);
    expect(JSON.parse(out)).to.deep.equal(JSON.parse(readFileSync(path.join(ROOT, 'definitions/definition.schema.json'), 'utf8')));
    expect(end).to.equal(0);
  });

  it('writes all of it before it ends, to a pipe that takes less at a time, too', async () => {
    const { out } = await command('sh', ['-c', `'${process.execPath}' '${BIN}' schema | { dd bs=1 count=1 2>/dev/null; cat; }`]);
    expect(Buffer.byteLength(out)).to.be.above(100_000);
    expect(JSON.parse(out)).to.have.property('$schema');
  });

  it('ends with 2, and says why on stderr alone, where the question cannot be used', async () => {
    const asked: readonly (readonly [args: string[], env: Record<string, string>, why: string])[] = [
      [['strat'], {}, "unknown command 'strat'"],
      [['lint', 'nowhere'], {}, 'There is no file or folder nowhere.'],
      [['start', '--role', 'boss'], {}, "'boss' is invalid"],
      [['start'], { SLUICE_PORT: 'eighty' }, 'SLUICE_PORT=eighty is not usable'],
      [['migrate'], { SLUICE_DATABASE_URL: 'mysql://somewhere' }, 'SLUICE_DATABASE_URL is not usable'],
      [['keys'], {}, 'rotate'],
    ];
    for (const [args, settings, why] of asked) {
      const { end, out, err } = await sluice(args, { env: { ...env, ...settings } });
      expect(err, args.join(' ')).to.contain(why);
      expect({ end, out }, args.join(' ')).to.deep.equal({ end: 2, out: '' });
    }
  });

  it('ends `npm start` with 0 when its whole process group is told to stop, more than once', async () => {
    // The data folder's shards are sealed with the key that the rotation above ended with.
    const key = Buffer.alloc(32, 2).toString('base64');
    const start = begin('npm', ['start'], { env: { ...env, SLUICE_MASTER_KEY: key }, group: true });
    try {
      const [, url] = await start.printed(/Sluice serves (\S+)/);
      expect((await fetch(`${url}/readyz`)).status).to.equal(200);
    } finally {
      signalGroup(start);
      signalGroup(start);
    }
    expect((await start.ended).end).to.equal(0);
  });
});

function signalGroup({ child }: Underway): void {
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
}
