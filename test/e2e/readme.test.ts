import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { isUuid } from '../../core/kernel/ids.ts';
import { ROOT } from '../architecture/sources.ts';
import { begin, command, type Underway } from '../support/shell.ts';
import { eventually } from '../support/sluice-process.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';

const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
/** The shell blocks of the five-minute tour, in order: the three lines, then the action. */
const BLOCKS = shellBlocks('Five minutes');
const LOGS = shellBlocks('Logs');

function shellBlocks(title: string): readonly string[] {
  return [...section(title).matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, lines]) => lines!);
}

function section(title: string): string {
  return README.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
}

describe('The tour of the README, as printed', function () {
  this.timeout(90_000);
  let folder: string;
  let url: string;
  let server: Underway | undefined;
  let printed: string;
  let vendor: Vendor;

  before(async () => {
    vendor = await startVendor();
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-readme-'));
    // As root the database runs as another user, who must be able to pass.
    await chmod(folder, 0o711);
    server = begin(process.execPath, [path.join(ROOT, 'core/cli/bin.mjs'), 'start'], {
      cwd: folder,
      // Its default port may be taken here, and the README's receiver is elsewhere. The rest is as a newcomer has it.
      env: { SLUICE_PORT: '0', SLUICE_ENDPOINTS: JSON.stringify({ 'https://example.com': vendor.origin }), SLUICE_LOG_LEVEL: 'warn' },
    });
    [printed, url = ''] = await server.printed(/Sluice serves (\S+)[^]*responses[^]*\n$/);
  });
  after(async () => {
    await vendor.close();
    server?.child.kill('SIGTERM');
    await server?.ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  });

  /** Runs lines in bash where the server was started; only the port is another. */
  async function bash(lines: string): Promise<string[]> {
    const script = lines.replaceAll('http://127.0.0.1:8080', url);
    const { end, out, err } = await command('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder });
    expect({ end, err }).to.deep.equal({ end: 0, err: '' });
    return out.trimEnd().split('\n');
  }

  it('makes a tenant, a form and a response with three curl lines', async () => {
    const lines = BLOCKS[0]!;
    expect(lines.trimEnd().split('\n')).to.have.length(3);
    const [key, form, response] = await bash(lines);
    expect(key).to.match(/^slk_/);
    expect(isUuid(form!)).to.equal(true);
    expect(JSON.parse(response!)).to.deep.include({ formId: form, answers: { name: 'Ada' }, runs: [] });
  });

  it('is what `sluice start` prints, which works as printed too', async () => {
    const curls = printed.split('\n').filter((line) => line.includes('curl -s'));
    expect(curls).to.have.length(3);
    const [key, , response] = await bash(curls.join('\n'));
    expect(key).to.match(/^slk_/);
    expect(JSON.parse(response!)).to.deep.include({ answers: { name: 'Ada' } });
  });

  it('sends events, asks them by SQL and describes their table, with three more', async () => {
    const [lines = ''] = LOGS;
    expect(lines.trimEnd().split('\n')).to.have.length(3);
    const seen = await bash(`${BLOCKS[0]!}echo\n${lines.replaceAll(/^(curl .*)$/gm, '$1; echo')}`);
    const [put, rows, tables] = seen.slice(-3).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(put).to.be.an('object');
    expect(rows).to.deep.equal({
      results: [
        { status: 200, requests: 1, slowest: 3.5 },
        { status: 503, requests: 1, slowest: 900 },
      ],
    });
    expect(tables!['tables']).to.be.an('array').with.length.greaterThan(0);
    expect(JSON.stringify(tables)).to.contain('"requests"');
  });

  it('attaches an action, whose run delivers the next response, signed', async () => {
    const seen = await bash(BLOCKS.slice(0, 2).join("echo\n").replaceAll(/^(curl .*)$/gm, '$1; echo'));
    const [key] = seen;
    const { items } = JSON.parse(seen.at(-1)!) as { items: { id: string; definition: string }[] };
    expect(items).to.have.length(1);
    expect(items[0]).to.include({ definition: 'webhook' });
    const run = await eventually('the run has ended', async () => {
      const answer = await fetch(`${url}/v1/runs/${items[0]!.id}`, { headers: { authorization: `Bearer ${key}` } });
      const body = (await answer.json()) as { state: string; steps: object[] };
      return ['queued', 'running', 'waiting'].includes(body.state) ? undefined : body;
    });
    expect(run).to.include({ state: 'succeeded' });
    expect(run.steps).to.have.length(1);
    expect(vendor.requests).to.have.length(1);
    expect(vendor.requests[0]!.target).to.equal('/hook');
    expect(vendor.requests[0]!.headers).to.include.keys('webhook-id', 'webhook-timestamp', 'webhook-signature');
    expect(JSON.parse(vendor.requests[0]!.body)).to.deep.include({ data: { name: 'Grace' } });
  });
});
