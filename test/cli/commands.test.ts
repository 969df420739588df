import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { startSandbox, type Sandbox } from '../../core/sandbox/index.ts';
import { commandLine, offline } from './command-line.ts';

const GOOD = `apiVersion: sluice/v1
kind: integration
id: good
version: 1.0.0
title: Good
baseUrl: https://api.good.example
actions:
  ping:
    steps:
      - id: ping
        request: { method: GET, path: /ping }
`;

/** A folder with these files. */
function folder(files: Readonly<Record<string, string>>): string {
  const place = mkdtempSync(path.join(tmpdir(), 'sluice-cli-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
    writeFileSync(path.join(place, name), text);
  }
  return place;
}

describe('every command', () => {
  for (const name of ['start', 'new', 'lint', 'test', 'run', 'record', 'sandbox', 'demo', 'schema', 'migrate', 'keys', 'shards']) {
    it(`${name} has help with an example`, async () => {
      const { code, out } = await commandLine([name, '--help']);
      expect(code).to.equal(0);
      expect(out).to.match(new RegExp(`Example:\\n {2}(?:\\S+=\\S+ )?sluice ${name}\\b`));
    });
  }

  it('that does not exist is refused with the nearest one', async () => {
    const { code, err } = await commandLine(['lnt']);
    expect(code).to.equal(2);
    expect(err).to.contain("unknown command 'lnt'").and.to.contain('lint');
  });

  it('start lists all settings in its help', async () => {
    const { out } = await commandLine(['start', '--help']);
    expect(out)
      .to.contain('SLUICE_DATA_DIR (.sluice)')
      .and.to.contain('SLUICE_ENDPOINTS')
      .and.to.contain('SLUICE_EGRESS_ALLOW');
  });
});

describe('sluice sandbox', () => {
  for (const factor of ['-1', 'slow', '']) {
    it(`refuses ${JSON.stringify(factor)} as a time scale, and says what it takes`, async () => {
      const { code, err } = await commandLine(['sandbox', '--port', '0', `--time-scale=${factor}`]);
      expect(code).to.equal(2);
      expect(err).to.contain('Accepted: a number from 0 to 1000.');
    });
  }
});

describe('sluice lint', () => {
  it('ends with 0 where all is clean, and opens no database', async () => {
    const { code, out } = await commandLine(['lint', folder({ 'good.yaml': GOOD })]);
    expect(out).to.equal('1 file, no findings.\n');
    expect(code).to.equal(0);
  });

  it('ends with 1 on findings, each with file, line, column and path', async () => {
    const place = folder({ 'good.yaml': GOOD.replace('path: /ping', 'pth: /ping') });
    const { code, out } = await commandLine(['lint', place]);
    expect(out).to.contain(`${place}/good.yaml:11:`).and.to.contain('actions.ping.steps[0].request');
    expect(code).to.equal(1);
  });

  it('gives findings as JSON', async () => {
    const place = folder({ 'good.yaml': GOOD.replace('path: /ping', 'pth: /ping') });
    const { code, out } = await commandLine(['lint', place, '--format', 'json']);
    const { files, findings } = JSON.parse(out) as {
      files: string[];
      findings: { line: number; severity: string }[];
    };
    expect(files).to.deep.equal([`${place}/good.yaml`]);
    expect(findings[0])
      .to.include({ line: 11, severity: 'error' })
      .and.to.have.all.keys('file', 'line', 'column', 'path', 'message', 'severity');
    expect(code).to.equal(1);
  });

  it('ends with 2 where a path is not there, or holds no definition', async () => {
    expect(await commandLine(['lint', '/nowhere'])).to.deep.include({
      code: 2,
      err: 'There is no file or folder /nowhere.\n',
    });
    expect((await commandLine(['lint', folder({})])).err).to.contain('No definition (*.yaml) was found');
    expect((await commandLine(['lint', path.join(folder({ 'a.json': '{}' }), 'a.json')])).err).to.contain(
      'neither .yaml nor .yml',
    );
  });

  it('finds a test file that belongs to no definition', async () => {
    const { code, out } = await commandLine(['lint', folder({ 'lost.test.yaml': 'tests: []\n' })]);
    expect(out).to.contain(
      'lost.test.yaml:1:1 (file): There is no definition lost.yaml beside this test file.',
    );
    expect(code).to.equal(1);
  });
});

describe('sluice test', () => {
  const TESTS = `
tests:
  - name: answers
    action: ping
    exchanges: [ { expect: { method: GET, path: /ping }, reply: { status: 200 } } ]
`;

  it('passes where all tests pass', async () => {
    const { code, out } = await commandLine(['test', folder({ 'good.yaml': GOOD + TESTS })]);
    expect(out)
      .to.contain('✔ answers')
      .and.to.contain('1 definition: 1 passed, 0 failed; rule coverage 0 of 0');
    expect(code).to.equal(0);
  });

  it('fails with what was expected where a test fails', async () => {
    const { code, out } = await commandLine([
      'test',
      folder({ 'good.yaml': GOOD + TESTS.replace('path: /ping', 'path: /pong') }),
    ]);
    expect(out).to.contain('✘ answers').and.to.contain('/pong');
    expect(code).to.equal(1);
  });

  it('warns of rules that no test hits, and still passes outside the bundled definitions', async () => {
    const rule = 'errors:\n  - { when: { status: 418 }, then: fail, message: A teapot. }\n';
    const { code, out } = await commandLine(['test', folder({ 'good.yaml': GOOD + rule + TESTS })]);
    expect(out)
      .to.contain('warning: no test hits the rule /errors/0.')
      .and.to.contain('rule coverage 0 of 1');
    expect(code).to.equal(0);
  });
});

describe('sluice run', () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox({ port: 0 });
  });
  after(() => sandbox.close());

  function twilio(input: object): { args: string[]; environment: NodeJS.ProcessEnv } {
    const { accountSid, authToken, from } = sandbox.credentials.twilio;
    const place = folder({
      'connection.json': JSON.stringify({ accountSid, authToken }),
      'input.json': JSON.stringify({ from, ...input }),
    });
    const files = [
      '--connection',
      path.join(place, 'connection.json'),
      '--input',
      path.join(place, 'input.json'),
    ];
    return {
      args: ['run', 'definitions/integrations/twilio-sms.yaml', 'send', ...files],
      environment: { SLUICE_ENDPOINTS: JSON.stringify(sandbox.endpoints) },
    };
  }

  it('carries one action to its end without a server or a database, and prints its trace', async () => {
    const { args, environment } = twilio({ to: '+15550100101', body: 'Hello' });
    const { code, out } = await commandLine(args, { environment });
    expect(out)
      .to.match(/^message #1 {2}succeeded {2}201/m)
      .and.to.match(/^succeeded$/m);
    expect(code).to.equal(0);
  });

  it('prints state, outputs, error and steps as JSON', async () => {
    const { args, environment } = twilio({ to: '+15550100101', body: 'Hello' });
    const { out } = await commandLine([...args, '--format', 'json'], { environment });
    const result = JSON.parse(out) as { steps: object[]; outputs: object };
    expect(result)
      .to.include({ state: 'succeeded', error: null })
      .and.to.have.all.keys('state', 'outputs', 'error', 'steps');
    expect(result.steps[0]).to.include({ step: 'message', attempt: 1, state: 'succeeded', wait: null });
    expect(out).to.not.contain(sandbox.credentials.twilio.authToken);
  });

  it('ends with 1 where the run failed, and says why', async () => {
    const { args, environment } = twilio({ to: '+15005550001', body: 'Hello' });
    const { code, out } = await commandLine(args, { environment });
    expect(out).to.contain('failed (config): Twilio cannot send to this number');
    expect(code).to.equal(1);
  });

  it('refuses an unknown action, a missing file, and input that does not fit', async () => {
    const file = 'definitions/integrations/twilio-sms.yaml';
    expect(await commandLine(['run', file, 'sned'])).to.deep.include({
      code: 2,
      err: 'twilio-sms has no action "sned"; it has verify, send. Did you mean "send"?\n',
    });
    expect((await commandLine(['run', file, 'send', '--input', '/nowhere.json'])).err).to.equal(
      '--input: there is no file /nowhere.json.\n',
    );
    const unfit = await commandLine(['run', file, 'send']);
    expect(unfit.code).to.equal(1);
    expect(unfit.err).to.contain('accountSid').and.to.contain('(VALIDATION_FAILED)');
  });
});

describe('sluice start', () => {
  it('serves until it gets a signal, ignores repeats of it while it closes, and ends with 0', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/cli/slow-closing.ts'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('Sluice serves') && !out.includes('closing')) child.kill('SIGTERM');
      if (out.includes('closing') && !out.includes('closed')) child.kill('SIGTERM');
    });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    expect(out)
      .to.contain('Sluice serves http://127.0.0.1:1')
      .and.to.contain('slr_new')
      .and.to.contain('closed');
    expect(code).to.equal(0);
  });

  it('hands role and port to the platform', async () => {
    const seen: unknown[] = [];
    const ran = await commandLine(['start', '--role', 'worker', '--port', '0'], {
      composition: {
        ...offline,
        async startPlatform({ port }, { role }) {
          seen.push(port, role);
          return {
            url: undefined,
            newRootKey: undefined,
            close: async () => {},
            lost: Promise.resolve(new Error('The database is gone.')),
          };
        },
      },
    });
    expect(seen).to.deep.equal([0, 'worker']);
    expect(ran).to.deep.include({ code: 1, err: 'The database is gone.\n' });
  });

  it('refuses a port that is none', async () => {
    expect(await commandLine(['start', '--port', 'x'])).to.deep.include({ code: 2 });
  });
});
