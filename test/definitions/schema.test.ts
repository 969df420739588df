import { readFileSync, readdirSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Plugin } from '../../core/kernel/plugin.ts';
import { Registry } from '../../core/kernel/registry.ts';
import { editorSchema } from '../../core/language/schema/editor.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

async function allPlugins(): Promise<Registry> {
  const names = readdirSync(new URL('plugins/', ROOT)).sort();
  const modules = await Promise.all(
    names.map((name) => import(new URL(`plugins/${name}/index.ts`, ROOT).href)),
  );
  return new Registry(modules.map((module: { default: Plugin }) => module.default));
}

describe('the JSON Schema for editors', () => {
  const schema: unknown = JSON.parse(read('definitions/definition.schema.json'));
  const files = readdirSync(new URL('definitions/integrations/', ROOT)).filter((name) =>
    /(?<!\.test)\.yaml$/.test(name),
  );

  it('stands in definitions/ as `sluice schema` prints it', async () => {
    const now = JSON.parse(JSON.stringify(editorSchema(await allPlugins()))) as unknown;
    expect(
      schema,
      'make it anew: npm run -s sluice -- schema > definitions/definition.schema.json',
    ).to.deep.equal(now);
  });

  for (const file of files) {
    it(`is named by ${file}, and accepts it`, () => {
      const text = read(`definitions/integrations/${file}`);
      expect(text.split('\n')[0]).to.equal('# yaml-language-server: $schema=../definition.schema.json');
      const validate = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(
        schema as object,
      );
      validate(parse(text));
      expect(validate.errors ?? []).to.deep.equal([]);
    });
  }
});
