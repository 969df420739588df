import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import { compileSchema, secretPointers } from '../../core/language/schema/compiled.ts';
import { editorSchema } from '../../core/language/schema/editor.ts';
import { validateTemplated } from '../../core/language/schema/templated.ts';
import { nameTrouble } from '../../core/language/scope/resolve.ts';
import { mapShape, shapeOf, VALUE } from '../../core/language/scope/shape.ts';
import { registry } from './registry.ts';

const INPUT = compileSchema({
  type: 'object',
  required: ['to', 'body'],
  properties: {
    to: { type: 'string', pattern: '^\\+[0-9]+$' },
    body: { type: 'string', minLength: 1 },
    priority: { enum: ['low', 'high'], default: 'low' },
    times: { type: 'integer', minimum: 1 },
    tags: { type: 'array', items: { type: 'string' }, maxItems: 2 },
    pin: { type: 'string', secret: true, pattern: '^[0-9]{4}$' },
    when: { anyOf: [{ type: 'string', format: 'date' }, { type: 'integer' }] },
    account: { type: 'string', readOnly: true },
    sheet: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
  },
});

const violations = (value: unknown) =>
  INPUT.complete(value).violations.map(({ path, message }) => `${path} ${message}`);

describe('an input schema', () => {
  it('fills defaults into a copy', () => {
    const given = { to: '+1', body: 'x' };
    expect(INPUT.complete(given)).to.deep.equal({
      value: { to: '+1', body: 'x', priority: 'low' },
      violations: [],
    });
    expect(given).to.deep.equal({ to: '+1', body: 'x' });
  });

  it('names value, place and what is accepted, all at once', () => {
    const wrong = {
      to: '1555',
      body: '',
      priority: 'hihg',
      times: 0.5,
      tags: ['a', 1, 'c'],
      boby: 1,
      sheet: {},
      when: true,
    };
    expect(violations(wrong).sort()).to.deep.equal([
      '/boby "boby" is not a known key; accepted: to, body, priority, times, tags, pin, when, account, sheet. Did you mean "body"?',
      '/body The text must not be empty.',
      '/priority "hihg" must be one of: low, high. Did you mean "high"?',
      '/sheet/id "id" is missing.',
      '/tags The list must have at most 2 items.',
      '/tags/1 1 is a number; this must be text.',
      '/times 0.5 is a number; this must be a whole number.',
      '/times 0.5 must be >= 1.',
      '/to "1555" does not match the pattern ^\\+[0-9]+$.',
      '/when true is true or false; this must be text or a whole number.',
    ]);
  });

  it('reports the branch that was meant', () => {
    expect(violations({ to: '+1', body: 'x', when: 'soon' })).to.deep.equal([
      '/when "soon" is not a date, for example 2026-03-31.',
    ]);
  });

  it('never shows a secret', () => {
    expect(violations({ to: '+1', body: 'x', pin: 'hunter2' })).to.deep.equal([
      '/pin The value does not match the pattern ^[0-9]{4}$.',
    ]);
  });

  it('coerces nothing', () => {
    expect(violations({ to: '+1', body: 'x', times: '3' })).to.deep.equal([
      '/times "3" is text; this must be a whole number.',
    ]);
  });

  it('refuses what is no map', () => {
    expect(violations([1])).to.deep.equal([' [1] is a list; this must be a map.']);
  });

  it('asks nobody for what comes from tokens', () => {
    const schema = compileSchema({
      type: 'object',
      required: ['site', 'instance'],
      properties: { site: {}, instance: { readOnly: true } },
    });
    expect(schema.complete({ site: 1 }).violations).to.deep.equal([]);
  });

  it('names its secrets, inside maps too', () => {
    const inner = { type: 'object', properties: { 'a/b': { type: 'string', secret: true } } };
    expect(
      secretPointers({ type: 'object', properties: { x: inner, y: { secret: true }, z: {} } }),
    ).to.deep.equal(['/x/a~1b', '/y']);
  });
});

describe('an input with templates', () => {
  const templated = (value: unknown) =>
    validateTemplated(INPUT, value).map(({ path, message }) => `${path} ${message}`);

  it('lets a template stand for anything, and an operator too', () => {
    const value = {
      to: '{{ event.answers.phone }}',
      body: '{{ event.answers.note }}!',
      priority: '{{ x }}',
      times: '{{ x }}',
      tags: { $map: '{{ x }}', 'each(e)': '{{ e }}' },
      sheet: { $merge: ['{{ x }}'] },
      when: '{{ x }}',
    };
    expect(templated(value)).to.deep.equal([]);
  });

  it('checks all that is not a template', () => {
    expect(templated({ to: '{{ x }}', boddy: '{{ x }}', times: 0, tags: ['{{ x }}', 2] })).to.deep.equal([
      '/body "body" is missing.',
      '/boddy "boddy" is not a known key; accepted: to, body, priority, times, tags, pin, when, account, sheet. Did you mean "body"?',
      '/times 0 must be >= 1.',
      '/tags/1 2 is a number; this must be text.',
    ]);
  });
});

describe('a name in a template', () => {
  const scope = mapShape({
    now: { shape: VALUE },
    input: {
      shape: shapeOf({
        type: 'object',
        required: ['list'],
        properties: {
          list: { type: 'array', items: { type: 'object', properties: { a: {} } } },
          free: { type: 'object' },
        },
      }),
    },
  });
  const trouble = (text: string, guarded = false) =>
    nameTrouble({ path: text.split('.'), guarded, text }, scope);

  it('is known, guarded where it may be absent, and of a shape that has what is named inside', () => {
    expect(trouble('now')).to.equal(undefined);
    expect(trouble('input.list.0.a', true)).to.equal(undefined);
    expect(trouble('input.free.what.ever', true)).to.equal(undefined);
    expect(trouble('input.free')).to.contain('may be absent');
    expect(trouble('input.list.0.b', true)).to.equal(
      '"input.list.0.b" is not declared; "input.list.0" has: a. Did you mean "a"?',
    );
    expect(trouble('input.lits')).to.contain('Did you mean "list"?');
    expect(trouble('now.year')).to.contain('nothing "year" inside it');
    expect(trouble('constructor')).to.contain('not declared');
  });
});

describe('the JSON Schema for editors', () => {
  const validate = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(
    editorSchema(registry),
  );
  const good: unknown = parse(
    readFileSync(new URL('../fixtures/good/acme-tickets.yaml', import.meta.url), 'utf8'),
  );

  it('takes a definition that uses everything', () => {
    validate(good);
    expect(validate.errors).to.equal(null);
  });

  it('refuses what lint refuses', () => {
    expect(validate({ ...(good as object), actoins: {} })).to.equal(false);
    expect(validate({ ...(good as object), kind: 'integrations' })).to.equal(false);
  });
});
