import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import { systemClock } from '../../core/kernel/clock.ts';
import type { OutgoingRequest } from '../../core/kernel/http.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { AuthScheme, AuthSession } from '../../core/kernel/plugin.ts';

/**
 * What every auth scheme keeps to.
 * @param folder name of its folder in `plugins/`
 * @param config a configuration with every template filled
 * @param session for schemes that need one
 */
export function authSchemeContract(
  folder: string,
  scheme: AuthScheme,
  config: JsonObject,
  session: AuthSession = noSession,
): void {
  const request = (): OutgoingRequest =>
    frozen({
      method: 'POST',
      url: new URL("https://api.vendor.test/a%2Fb/it's?q=a+b&z=%27#"),
      headers: Object.freeze({ 'content-type': 'text/plain', 'webhook-id': 'msg_1' }),
      body: Buffer.from('body ✓'),
    });

  describe(`as every auth scheme, ${folder}`, () => {
    it('is named as its folder', () => expect(scheme.name).to.equal(folder));

    it('says in a sentence what it is for', () => expect(scheme.summary).to.match(/^[A-Z].{20,}\.$/s));

    it('has an example that its own schema accepts', () => {
      const document = parse(scheme.example) as Record<string, unknown>;
      expect(Object.keys(document)).to.deep.equal([folder]);
      expect(problems(scheme, document[folder])).to.equal('');
    });

    it('refuses keys that it does not know', () => {
      expect(problems(scheme, { ...config, colour: 'red' })).to.contain('colour');
      expect(problems(scheme, config)).to.equal('');
    });

    it('leaves method, path, query, body and other headers as they are, and its argument untouched', async () => {
      const before = request();
      const href = before.url.href;
      const after = await scheme.authorize(before, config, session);
      expect(before.url.href).to.equal(href);
      expect(after.method).to.equal('POST');
      expect(after.body).to.equal(before.body);
      expect(after.url.origin + after.url.pathname).to.equal("https://api.vendor.test/a%2Fb/it's");
      expect(after.url.search).to.match(/^\?q=a\+b&z=%27(&|$)/);
      expect(after.headers).to.include({ 'content-type': 'text/plain' });
    });

    it('writes header names in lower case', async () => {
      const { headers } = await scheme.authorize(request(), config, session);
      expect(Object.keys(headers).filter((name) => name !== name.toLowerCase())).to.deep.equal([]);
    });

    it('imports the platform through core/sdk.ts only', async () => {
      const source = await readFile(new URL(`../../plugins/${folder}/index.ts`, import.meta.url), 'utf8');
      const own = [...source.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => path);
      expect(own.filter((path) => path !== '../../core/sdk.ts' && !path?.startsWith('./'))).to.deep.equal([]);
    });
  });
}

function problems(scheme: AuthScheme, config: unknown): string {
  const ajv = new Ajv2020({ strict: true });
  return ajv.validate(scheme.config, config) ? '' : JSON.stringify(ajv.errors);
}

function frozen(request: OutgoingRequest): OutgoingRequest {
  return Object.freeze(request);
}

const refuse = (): never => {
  throw new Error('This scheme was not expected to need tokens.');
};
const noSession: AuthSession = {
  clock: systemClock,
  tokens: async () => refuse(),
  renewTokens: async () => refuse(),
  send: async () => refuse(),
  get agents() {
    return refuse();
  },
};
