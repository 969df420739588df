import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import { editorSchema } from '../../core/language/schema/editor.ts';
import { allPlugins, BUNDLED, read } from './bundle.ts';

describe('the JSON Schema for editors', () => {
  const schema: unknown = JSON.parse(read('definitions/definition.schema.json'));

  it('stands in definitions/ as `sluice schema` prints it', async () => {
    const now = JSON.parse(JSON.stringify(editorSchema(await allPlugins()))) as unknown;
    expect(
      schema,
      'make it anew: npm run -s sluice -- schema > definitions/definition.schema.json',
    ).to.deep.equal(now);
  });

  const validate = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(schema as object);
  for (const file of BUNDLED) {
    it(`is named by ${file}, and accepts it`, () => {
      const text = read(file);
      expect(text.split('\n')[0]).to.equal('# yaml-language-server: $schema=../definition.schema.json');
      validate(parse(text));
      expect(validate.errors ?? []).to.deep.equal([]);
    });
  }
});
