import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { logApi, type LogApi } from './log-shards.ts';
import { ROOT_KEY, type Answer } from './test-api.ts';

const NAME_RULE =
  'is not a name: letters of ASCII, digits and _ are accepted, 60 at most, and no digit in front.';
const SURROGATE = 'The text holds half of a surrogate pair, which is no character. Send whole characters.';
const MANY = Object.fromEntries(Array.from({ length: 191 }, (_, i) => [`c${i}`, 'int']));

/** What is answered: status, code, and where and what the first finding is. */
type Refusal = readonly [number, string, string, string];

const invalid = (path: string, message: string): Refusal => [422, 'VALIDATION_FAILED', path, message];

const event = (schema: object, log: unknown): object => ({ family: 'refused', schema, logs: [log] });
const int = (value: unknown): object => event({ a: 'int' }, { a: value });
const named = (family: unknown): object => ({ family, schema: { a: 'int' }, logs: [{ a: 1 }] });
const column = (...names: readonly string[]): object =>
  event(
    Object.fromEntries(names.map((name) => [name, 'int'])),
    Object.fromEntries(names.map((name) => [name, 1])),
  );

/** Bodies as JSON values. */
const VALUES: readonly (readonly [string, unknown, Refusal])[] = [
  ['a body that is no object', [1], invalid('', 'Expected an object, got a list.')],
  ['a body that is null', null, invalid('', 'Expected an object, got null.')],
  ['no family', { logs: [] }, invalid('/family', 'This is required.')],
  ['no logs', { family: 'refused' }, invalid('/logs', 'This is required.')],
  [
    'a key not known',
    { ...named('refused'), log: [] },
    invalid('/log', '"log" is not known here; accepted are family, schema, logs. Did you mean "logs"?'),
  ],
  [
    'logs that are no list',
    { family: 'refused', logs: {} },
    invalid('/logs', 'Expected a list, got an object.'),
  ],
  [
    'an item that is no object',
    { family: 'refused', schema: { a: 'int' }, logs: [{ a: 1 }, 'a'] },
    invalid('/logs/1', 'Expected an object, got text.'),
  ],
  ['an item that is a list', event({}, []), invalid('/logs/0', 'Expected an object, got a list.')],
  [
    'a schema that is no object',
    { family: 'refused', schema: ['a'], logs: [] },
    invalid('/schema', 'Expected an object from names to types, got a list.'),
  ],
  [
    'a field not in the schema',
    event({ a: 'int' }, { a: 1, b: 2 }),
    invalid(
      '/logs/0/b',
      '"b" is neither in the schema nor a column of the family. Did you mean "a"? Declare its type in "schema".',
    ),
  ],
  [
    'a type not known, though unused',
    event({ a: 'int', b: 'integer' }, { a: 1 }),
    invalid('/schema/b', '"integer" is not a type; there are string, int, float, bool, timestamp, json.'),
  ],
  [
    'a type that is no text',
    event({ a: null }, {}),
    invalid('/schema/a', 'Expected the name of a type, got null.'),
  ],
  [
    'a value of another type',
    int('heavy'),
    invalid('/logs/0/a', 'Expected a whole number, or one as decimal text, got the text "heavy".'),
  ],
  [
    'a number for text',
    event({ a: 'string' }, { a: 5 }),
    invalid('/logs/0/a', 'Expected text, got the number 5.'),
  ],
  [
    'an int of 3.7',
    int(3.7),
    invalid('/logs/0/a', '3.7 is not a whole number; the column is of the type int.'),
  ],
  [
    'an int beyond BIGINT',
    int('9223372036854775808'),
    invalid(
      '/logs/0/a',
      '9223372036854775808 is beyond what an int holds: -9223372036854775808 to 9223372036854775807.',
    ),
  ],
  [
    'a text over 65,535 bytes',
    event({ a: 'string' }, { a: '\u00e9'.repeat(32_768) }),
    invalid('/logs/0/a', 'The text has 65536 bytes; 65535 are the most that a field holds.'),
  ],
  ['a lone surrogate', event({ a: 'string' }, { a: 'x\ud83d' }), invalid('/logs/0/a', SURROGATE)],
  [
    'a time without an offset',
    event({ a: 'timestamp' }, { a: '2026-01-31T12:00:00' }),
    invalid(
      '/logs/0/a',
      '"2026-01-31T12:00:00" is not a time of RFC 3339 with an offset, such as "2026-01-31T12:00:00.5Z" or "2026-01-31T12:00:00+01:00", of the years 1000 to 9999.',
    ),
  ],
  [
    'NUL on a store that cannot hold it',
    event({ a: 'string' }, { a: 'x\0' }),
    invalid(
      '/logs/0/a',
      "The text holds a NUL character (U+0000), which this family's store cannot hold. Leave it out.",
    ),
  ],
  ['an empty family', named(''), invalid('/family', 'A name may not be empty.')],
  ['a family that is no text', named(5), invalid('/family', 'Expected text, got the number 5.')],
  [
    'a family of 61 characters',
    named('f'.repeat(61)),
    invalid('/family', `"${'f'.repeat(60)}..." ${NAME_RULE}`),
  ],
  ['a family with a backtick', named('a`b'), invalid('/family', `"a\`b" ${NAME_RULE}`)],
  ['a family with a dot', named('mysql.user'), invalid('/family', `"mysql.user" ${NAME_RULE}`)],
  ['a family up the tree', named('../a'), invalid('/family', `"../a" ${NAME_RULE}`)],
  ['a family beyond ASCII', named('h\u00fcnde'), invalid('/family', `"h\u00fcnde" ${NAME_RULE}`)],
  ['a family that begins with a digit', named('1a'), invalid('/family', `"1a" ${NAME_RULE}`)],
  [
    'the family raw_logs',
    named('raw_logs'),
    invalid('/family', '"raw_logs" is reserved; take another name.'),
  ],
  [
    'the family RAW_LOGS',
    named('RAW_LOGS'),
    invalid('/family', '"RAW_LOGS" is reserved; take another name.'),
  ],
  [
    'a family that begins with _',
    named('_fence'),
    invalid('/family', '"_fence" is reserved: names that begin with _ are the platform\'s own.'),
  ],
  ['the column id', column('id'), invalid('/schema/id', '"id" is reserved; take another name.')],
  ['the column ID', column('ID'), invalid('/schema/ID', '"ID" is reserved; take another name.')],
  [
    'the column _time',
    column('_time'),
    invalid('/schema/_time', '"_time" is reserved: names that begin with _ are the platform\'s own.'),
  ],
  [
    'Name beside name',
    column('name', 'Name'),
    invalid('/schema/Name', '"Name" and "name" differ in case only, which no column may.'),
  ],
  ['a column with a quote', column('a"b'), invalid('/schema/a"b', `"a\\"b" ${NAME_RULE}`)],
  [
    '191 columns',
    { family: 'refused', schema: MANY, logs: [] },
    invalid('/schema', 'A family has at most 190 columns; these are 191.'),
  ],
];

/** Bodies as they are written. */
const TEXTS: readonly (readonly [string, string | Buffer, Refusal])[] = [
  [
    'broken JSON',
    '{"family": "refused", "logs": [}',
    [
      400,
      'INVALID_JSON',
      '',
      'The body is not valid JSON: unexpected "}" at line 1, column 32 (character 31).',
    ],
  ],
  [
    'an empty body',
    '',
    [400, 'INVALID_JSON', '', 'The body is not valid JSON: it ends too early, after 0 characters.'],
  ],
  [
    'invalid UTF-8',
    Buffer.from('{"family":"refused\xff","logs":[]}', 'latin1'),
    [400, 'INVALID_JSON', '', 'The body is not UTF-8 text.'],
  ],
  [
    'an int of 1e400',
    '{"family":"refused","schema":{"a":"int"},"logs":[{"a":1e400}]}',
    invalid('/logs/0/a', 'The number is larger than a double-precision number can be.'),
  ],
  [
    'an int beyond 2^53 as a number',
    '{"family":"refused","schema":{"a":"int"},"logs":[{"a":9007199254740993}]}',
    invalid(
      '/logs/0/a',
      'The number 9007199254740992 is beyond 2^53-1, where numbers of JSON lose digits. Send it as text, such as "9007199254740993".',
    ),
  ],
  [
    'the column __proto__',
    '{"family":"refused","schema":{"__proto__":"int"},"logs":[{"__proto__":1}]}',
    invalid('/schema/__proto__', '"__proto__" is reserved: names that begin with _ are the platform\'s own.'),
  ],
  [
    'the field __proto__',
    '{"family":"refused","schema":{},"logs":[{"__proto__":{"a":1}}]}',
    invalid('/logs/0/__proto__', '"__proto__" is reserved: names that begin with _ are the platform\'s own.'),
  ],
  [
    'a field twice',
    '{"family":"refused","schema":{"a":"int"},"logs":[{"a":1},{"a":1,"a":2}]}',
    [400, 'INVALID_JSON', '/logs/1/a', 'The key stands twice in one object. Send it once.'],
  ],
  [
    'a field twice, written unlike',
    '{"family":"refused","schema":{"a":"int"},"logs":[{"a":1,"\\u0061":2}]}',
    [400, 'INVALID_JSON', '/logs/0/a', 'The key stands twice in one object. Send it once.'],
  ],
  [
    'the logs twice',
    '{"family":"refused","schema":{"a":"int"},"logs":[{"a":1}],"logs":[{"a":2}]}',
    [400, 'INVALID_JSON', '/logs', 'The key stands twice in one object. Send it once.'],
  ],
  [
    'a key twice within a value',
    '{"family":"refused","schema":{"a":"json"},"logs":[{"a":[{"b":{"c":1,"c":1}}]}]}',
    [400, 'INVALID_JSON', '/logs/0/a/0/b/c', 'The key stands twice in one object. Send it once.'],
  ],
  [
    'JSON that nests too deep',
    `{"family":"refused","schema":{"a":"json"},"logs":[{"a":${'['.repeat(62)}${']'.repeat(62)}}]}`,
    invalid('', 'Lists and objects may be nested 64 levels deep at most.'),
  ],
];

const LARGE = 20 * 1024 * 1024 + 1;

describe('events that are refused', () => {
  let api: LogApi;
  before(async () => {
    api = await logApi();
  });
  after(() => api.close());

  const raw = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    api.call('PUT', '/api/log', undefined, { raw: body, headers });
  const put = (body: unknown): Promise<Answer> => raw(JSON.stringify(body));

  async function expectRefusal(answer: Answer, [status, code, path, message]: Refusal): Promise<void> {
    expect([answer.status, answer.body.code]).to.deep.equal([status, code]);
    if (answer.body.errors.length > 0) expect(answer.body.errors[0]).to.deep.equal({ path, message });
    else expect(answer.body.detail).to.equal(message);
    expect((await api.call('GET', '/api/describe')).body.tables).to.deep.equal([]);
    const { rows } = await api.db.engine.query('SELECT name FROM log_families');
    expect(rows).to.deep.equal([]);
  }

  describe('leave nothing behind', () => {
    for (const [what, body, refusal] of VALUES) {
      it(what, async () => expectRefusal(await put(body), refusal));
    }
    for (const [what, body, refusal] of TEXTS) {
      it(what, async () => expectRefusal(await raw(body), refusal));
    }

    it('one bad event among good ones', async () => {
      const body = { family: 'refused', schema: { a: 'int' }, logs: [{ a: 1 }, { a: 2 }, { a: 3.7 }] };
      await expectRefusal(
        await put(body),
        invalid('/logs/2/a', '3.7 is not a whole number; the column is of the type int.'),
      );
    });

    it('a body over 20 MiB', async () => {
      const refusal: Refusal = [
        413,
        'BODY_TOO_LARGE',
        '',
        'The body is larger than 20971520 bytes, the most accepted here.',
      ];
      await expectRefusal(await raw(Buffer.alloc(LARGE, ' ')), refusal);
    });

    it('a body over 20 MiB once it is decompressed', async () => {
      const refusal: Refusal = [
        413,
        'BODY_TOO_LARGE',
        '',
        'The body is larger than 20971520 bytes, the most accepted here.',
      ];
      await expectRefusal(
        await raw(gzipSync(Buffer.alloc(LARGE, ' ')), { 'content-encoding': 'gzip' }),
        refusal,
      );
    });

    it('bad gzip', async () => {
      const refusal: Refusal = [400, 'BAD_REQUEST', '', 'The body is not gzip data, or is cut short.'];
      await expectRefusal(await raw('{}', { 'content-encoding': 'gzip' }), refusal);
      const whole = gzipSync(JSON.stringify(named('refused')));
      await expectRefusal(await raw(whole.subarray(0, -9), { 'content-encoding': 'gzip' }), refusal);
    });

    it('an unknown encoding', async () => {
      const message = 'Content-Encoding "zstd" is not understood; identity, gzip, deflate and br are.';
      await expectRefusal(await raw('{}', { 'content-encoding': 'zstd' }), [
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        '',
        message,
      ]);
    });

    it('another media type', async () => {
      const message = 'Content-Type "text/csv" is not accepted here; send application/json.';
      await expectRefusal(await raw('a,b', { 'content-type': 'text/csv' }), [
        415,
        'UNSUPPORTED_MEDIA_TYPE',
        '',
        message,
      ]);
    });

    it('NDJSON with a broken line', async () => {
      const ndjson = { raw: '{"a":1}\n{"a":}\n', headers: { 'content-type': 'application/x-ndjson' } };
      const answer = await api.call('PUT', '/api/log?family=refused&schema={"a":"int"}', undefined, ndjson);
      await expectRefusal(answer, [
        400,
        'INVALID_JSON',
        '',
        'The line of /logs/1 is not valid JSON: unexpected "}" at line 1, column 6 (character 5).',
      ]);
    });

    it('a family in the query of JSON', async () => {
      const answer = await api.call('PUT', '/api/log?family=refused', named('refused'));
      await expectRefusal(
        answer,
        invalid(
          '/query/family',
          '"family" stands in the query of NDJSON only; of JSON it is a key of the body.',
        ),
      );
    });

    it('no key, a wrong one, one without the scope, and the root key', async () => {
      const body = named('refused');
      const nobody = await api.call('PUT', '/api/log', body, { key: null });
      await expectRefusal(nobody, [
        401,
        'UNAUTHENTICATED',
        '',
        'No key was sent. Send it as "Authorization: Bearer <key>".',
      ]);
      const wrong = await api.call('PUT', '/api/log', body, { key: 'slk_wrong' });
      await expectRefusal(wrong, [401, 'UNAUTHENTICATED', '', 'The API key is not known, or was revoked.']);
      const reader = await api.call('POST', '/v1/api-keys', { name: 'Reader', scopes: ['logs:read'] });
      const reading = await api.call('PUT', '/api/log', body, { key: reader.body.apiKey });
      await expectRefusal(reading, [
        403,
        'FORBIDDEN',
        '',
        'The API key does not have the scope "logs:write", which this takes.',
      ]);
      const root = await api.call('PUT', '/api/log', body, { key: ROOT_KEY });
      await expectRefusal(root, [
        403,
        'FORBIDDEN',
        '',
        "The root key belongs to no tenant. Use one of the tenant's API keys here.",
      ]);
    });
  });

  describe('leave a family as it was', () => {
    let other: LogApi;
    before(async () => {
      other = await logApi();
      const schema = { name: 'string', weight: 'int' };
      await other.call('PUT', '/api/log', { family: 'dogs', schema, logs: [{ name: 'spot', weight: 1 }] });
    });
    after(() => other.close());

    async function expectUnchanged(body: unknown, [status, code, path, message]: Refusal): Promise<void> {
      const answer = await other.call('PUT', '/api/log', body);
      expect([answer.status, answer.body.code]).to.deep.equal([status, code]);
      expect(answer.body.errors).to.deep.equal([{ path, message }]);
      expect(await other.stored('dogs')).to.deep.equal([{ id: 1, name: 'spot', weight: 1 }]);
    }

    it('a type conflict, naming both types', () =>
      expectUnchanged({ family: 'dogs', schema: { weight: 'float', age: 'int' }, logs: [{ weight: 1.5 }] }, [
        409,
        'CONFLICT',
        '/schema/weight',
        'The column "weight" of the family "dogs" has the type int, not float. Types do not change: send int, or take another name.',
      ]));

    it('a column in another case', () =>
      expectUnchanged({ family: 'dogs', schema: { Name: 'string' }, logs: [{ Name: 'x' }] }, [
        409,
        'CONFLICT',
        '/schema/Name',
        'The family "dogs" has the column "name"; "Name" differs in case only.',
      ]));

    it('a family in another case', () =>
      expectUnchanged({ family: 'Dogs', schema: { name: 'string' }, logs: [{ name: 'x' }] }, [
        409,
        'CONFLICT',
        '/family',
        'There is the family "dogs"; "Dogs" differs in case only.',
      ]));

    it('columns beyond 190 with those there are', () => {
      const schema = Object.fromEntries(Object.entries(MANY).slice(0, 189));
      return expectUnchanged(
        { family: 'dogs', schema, logs: [{}] },
        invalid('/schema', 'A family has at most 190 columns; these are 191.'),
      );
    });

    it('NUL in a text', () =>
      expectUnchanged(
        { family: 'dogs', schema: { age: 'int' }, logs: [{ name: 'a\0', age: 1 }] },
        invalid(
          '/logs/0/name',
          "The text holds a NUL character (U+0000), which this family's store cannot hold. Leave it out.",
        ),
      ));
  });
});

describe('events while the servers are in trouble', () => {
  it('are refused with 503 where there is no server, or none answers', async () => {
    const api = await logApi({ logShards: { gone: 'postgres://a:b@127.0.0.1:1/logs' } });
    try {
      const body = named('refused');
      const gone = await api.call('PUT', '/api/log', body);
      expect([gone.status, gone.body.code, gone.headers.get('retry-after')]).to.deep.equal([
        503,
        'UNAVAILABLE',
        '2',
      ]);
      expect(gone.body.detail).to.equal(
        'The shard "gone", which holds this family, cannot be reached. Try again in a moment.',
      );
      await api.call('PATCH', '/v1/shards/gone', { state: 'down' }, { key: ROOT_KEY });
      const none = await api.call('PUT', '/api/log', body);
      expect([none.status, none.body.detail]).to.deep.equal([
        503,
        'None of the 1 servers for logs takes new families at the moment.',
      ]);
      const { rows } = await api.db.engine.query('SELECT name FROM log_families');
      expect(rows).to.deep.equal([]);
    } finally {
      await api.close();
    }
  });

  it('go to the servers that answer', async () => {
    const api = await logApi();
    try {
      const added = await api.call(
        'POST',
        '/v1/shards',
        { name: 'dead', url: 'postgres://a:b@127.0.0.1:1/logs' },
        { key: ROOT_KEY },
      );
      expect([added.status, added.body.errors[0].path]).to.deep.equal([422, '/url']);
      expect(added.text).to.not.include('a:b');
      // Put on record while it was up.
      await api.db.engine.query("UPDATE log_shards SET weight = 1000 WHERE name = 'logs2'");
      await api.call('PATCH', '/v1/shards/logs2', { state: 'down' }, { key: ROOT_KEY });
      expect((await api.call('PUT', '/api/log', named('kept'))).status).to.equal(200);
      expect((await api.call('GET', '/v1/log-families/kept')).body.shard).to.equal('logs1');
    } finally {
      await api.close();
    }
  });

  it('are refused with 429 beyond the share of a tenant', async () => {
    const api = await logApi({
      logLimits: { tenantRequests: 0, tenantBytes: 1e9, requests: 10, bytes: 1e9 },
    });
    try {
      const answer = await api.call('PUT', '/api/log', named('refused'));
      expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).to.deep.equal([
        429,
        'RATE_LIMITED',
        '1',
      ]);
    } finally {
      await api.close();
    }
  });

  it('are refused with 503 where the process is full', async () => {
    const api = await logApi({ logLimits: { tenantRequests: 9, tenantBytes: 1e9, requests: 9, bytes: 10 } });
    try {
      const answer = await api.call('PUT', '/api/log', named('refused'));
      expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).to.deep.equal([
        503,
        'UNAVAILABLE',
        '1',
      ]);
      expect((await api.call('GET', '/api/describe')).body.tables).to.deep.equal([]);
    } finally {
      await api.close();
    }
  });
});
