import { testEngine, type TestEngine } from '../support/engine.ts';
import { startWireVendor, whole, type WireVendor } from '../support/wire.ts';
const action = (name: string, path: string) => `
  ${name}:
    title: Send
    input: { type: object, properties: { v: {} } }
    steps:
      - id: send
        request: { method: POST, path: "${path}" }
        idempotency: { mode: once }`;
const YAML = `
apiVersion: sluice/v1
kind: integration
id: vendor
version: 1.0.0
title: Vendor
baseUrl: https://api.vendor.test/v1
connection:
  type: object
  required: [token]
  properties: { token: { type: string, secret: true } }
auth: { bearer: { token: "{{ connection.token }}" } }
actions:${action('segment', '/things/{{ input.v }}/end')}${action('raw', '/things/{{{ input.v }}}')}${action('glued', '/things/.{{ input.v }}')}${action('first', '/{{{ input.v }}}')}${action('optional', '/things/{{ optional input.v }}')}
`;
describe('x', () => {
  let vendor: WireVendor; let engine: TestEngine;
  before(async () => { vendor = await startWireVendor(); vendor.answer(whole('200 OK', {}, '')); engine = await testEngine(YAML, { 'https://api.vendor.test': vendor.origin }); await engine.worker(); });
  after(async () => { await engine.close(); await vendor.close(); });
  const values: any[] = ['', '.', '..', '...', 'a/b', '../x', 'a?b=c', 'a#b', 'u@h:1', 'a\r\nHost: evil', '%2e%2e', '%2E', '%', 'é👩‍🚀', 'a\\b', '..\\x', ' ', '\0', '\ud800', ';/..;', 7, true, null, ['a'], {a: 1}, undefined, '//evil.test/x', '/x', 'x/', 'x//y', 'x/../y', 'x/./y', 'projects/a/b', "a'b(c)*!~"];
  for (const a of ['segment', 'raw', 'glued', 'first', 'optional']) it(a, async () => {
    for (const v of values) {
      if (a !== 'segment' && a !== 'raw' && ![undefined, null, '', '.', '..', '%2e'].includes(v)) continue;
      const n = vendor.requests.length;
      const id = await engine.submit(a, v === undefined ? {} : { v });
      const row = await engine.settled(id, 'succeeded', 'failed', 'needs_review');
      const t = await engine.trace(id);
      console.log(a, JSON.stringify(v), row.state, JSON.stringify(row.error), vendor.requests.slice(n).map((r) => r.target).join(' '), t.map(x=>x.state).join());
    }
  });
});
