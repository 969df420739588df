import { expect } from 'chai';
import { sheetsToken, useSandbox } from './support.ts';
import type { Reply } from './support.ts';

const HOST = 'sheets.googleapis.com';

interface ErrorBody {
  readonly error: { readonly code: number; readonly status: string; readonly message: string };
}

describe('sandbox: Google Sheets', () => {
  const { clock, sandbox, send } = useSandbox();
  let token = '';
  beforeEach(async () => {
    token = await sheetsToken(sandbox(), clock);
  });

  const call = (
    method: string,
    path: string,
    body?: unknown,
    authorization = `Bearer ${token}`,
  ): Promise<Reply> =>
    send({
      method,
      host: HOST,
      path: `/v4/spreadsheets${path}`,
      headers: { ...(authorization && { authorization }), 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const put = (range: string, values: unknown[][], option = 'RAW') =>
    call('PUT', `/sandbox-sheet/values/${encodeURIComponent(range)}?valueInputOption=${option}`, { values });
  const append = (
    range: string,
    values: unknown[][],
    query = 'valueInputOption=RAW&insertDataOption=INSERT_ROWS',
  ) => call('POST', `/sandbox-sheet/values/${encodeURIComponent(range)}:append?${query}`, { values });
  const get = async (range: string, query = '') =>
    (await call('GET', `/sandbox-sheet/values/${encodeURIComponent(range)}?${query}`)).json() as {
      range: string;
      values?: unknown[][];
    };
  const refusal = (reply: Reply) => (reply.json() as ErrorBody).error;

  it('appends below the table it finds and says where', async () => {
    await put('Sheet1!A1', [['Name', 'Age']]);
    const reply = await append('Sheet1!A1', [['Ada', 36]]);
    expect(reply.status).to.equal(200);
    expect(reply.json()).to.deep.equal({
      spreadsheetId: 'sandbox-sheet',
      tableRange: 'Sheet1!A1:B1',
      updates: {
        spreadsheetId: 'sandbox-sheet',
        updatedRange: 'Sheet1!A2:B2',
        updatedRows: 1,
        updatedColumns: 2,
        updatedCells: 2,
      },
    });
    expect((await get('Sheet1')).values).to.deep.equal([
      ['Name', 'Age'],
      ['Ada', '36'],
    ]);
  });

  it('appends to an empty sheet at its first cell, without a tableRange', async () => {
    const reply = await append('Sheet1', [['Ada']]);
    expect(reply.json()).not.to.have.property('tableRange');
    expect(reply.json()).to.have.nested.property('updates.updatedRange', 'Sheet1!A1');
  });

  describe('finds the table as the guide’s example says', () => {
    beforeEach(async () => {
      await put('Sheet1!A1:C2', [
        ['x', 'y', 'z'],
        ['x', 'y', 'z'],
      ]);
      await put('Sheet1!B4:D6', [
        ['x', 'y', ''],
        ['', 'y', 'z'],
        ['', 'x', 'y'],
      ]);
    });
    for (const [range, at] of [
      ['Sheet1', 'B7'],
      ['B4', 'B7'],
      ['C5:D5', 'B7'],
      ['B2:D4', 'B7'],
      ['A3:G10', 'B7'],
      ['A1', 'A3'],
      ['E4', 'E4'],
      ['A4', 'A4'],
    ] as const) {
      it(`${range} begins to write at ${at}`, async () => {
        const reply = await append(range, [['new']], 'valueInputOption=RAW');
        expect(reply.json()).to.have.nested.property('updates.updatedRange', `Sheet1!${at}`);
      });
    }
  });

  it('moves what lies below with INSERT_ROWS and writes over it with OVERWRITE', async () => {
    await put('A1', [['head'], [''], ['far below']]);
    await append('A1', [['one']]);
    expect((await get('A1:A9')).values).to.deep.equal([['head'], ['one'], [], ['far below']]);
    await append('A1', [['two'], ['three']], 'valueInputOption=RAW&insertDataOption=OVERWRITE');
    expect((await get('A1:A9')).values).to.deep.equal([['head'], ['one'], ['two'], ['three']]);
  });

  it('leaves empty trailing cells, rows and columns out of what it reads', async () => {
    await put('A1', [
      ['a', '', 'c', ''],
      ['', ''],
      ['x', ''],
    ]);
    expect((await get('A1:F9')).values).to.deep.equal([['a', '', 'c'], [], ['x']]);
    expect((await get('A1:F9', 'majorDimension=COLUMNS')).values).to.deep.equal([['a', '', 'x'], [], ['c']]);
    expect(await get('D1:F2')).not.to.have.property('values');
  });

  it('understands rows, columns, whole sheets and quoted names', async () => {
    const made = (await call('POST', '', { sheets: [{ properties: { title: "Ada's list" } }] })).json() as {
      spreadsheetId: string;
    };
    const range = (text: string) =>
      call('GET', `/${made.spreadsheetId}/values/${encodeURIComponent(text)}`).then(
        (reply) => (reply.json() as { range: string }).range,
      );
    expect(await range("'Ada''s list'!1:1")).to.equal("'Ada''s list'!A1:Z1");
    expect(await range("'Ada''s list'!B:B")).to.equal("'Ada''s list'!B1:B1000");
    expect(await range("'Ada''s list'!B2:B")).to.equal("'Ada''s list'!B2:B1000");
    expect(await range("Ada's list")).to.equal("'Ada''s list'!A1:Z1000");
    expect(await range('C3:A1')).to.equal("'Ada''s list'!A1:C3");
  });

  it('takes RAW values as they are and interprets USER_ENTERED ones', async () => {
    const line = ['+15551234567', '007', 'true', '2026-01-15', "'5", '=1+1', 'plain', true, 1.5];
    await put('A1', [line]);
    await put('A2', [line], 'USER_ENTERED');
    const read = (await get('A1:I2', 'valueRenderOption=UNFORMATTED_VALUE')).values;
    expect(read).to.deep.equal([line, [15551234567, 7, true, 46037, '5', '=1+1', 'plain', true, 1.5]]);
    expect((await get('A2:I2')).values).to.deep.equal([
      ['15551234567', '7', 'TRUE', '2026-01-15', '5', '=1+1', 'plain', 'TRUE', '1.5'],
    ]);
  });

  it('leaves cells alone where the value is null', async () => {
    await put('A1', [['a', 'b', 'c']]);
    const reply = await put('A1', [[null, 'B', null]]);
    expect(reply.json()).to.include({ updatedCells: 1, updatedRange: 'Sheet1!A1:C1' });
    expect((await get('A1:C1')).values).to.deep.equal([['a', 'B', 'c']]);
  });

  it('keeps emoji, right-to-left text and line breaks exactly', async () => {
    const text = 'שלום 👩‍👩‍👧‍👦 مرحبا\nZ̷̢a 𝒜';
    await append('A1', [[text]]);
    expect((await get('A1')).values).to.deep.equal([[text]]);
    const page = await send({ path: '/google/sheet/sandbox-sheet' });
    expect(page.text).to.contain(text).and.contain('dir="auto"');
  });

  for (const [what, method, path, body, message] of [
    [
      'a missing valueInputOption',
      'POST',
      '/sandbox-sheet/values/A1:append',
      { values: [[1]] },
      "'valueInputOption' is required but not specified",
    ],
    [
      'an unknown valueInputOption',
      'POST',
      '/sandbox-sheet/values/A1:append?valueInputOption=raw',
      { values: [[1]] },
      "Invalid value at 'value_input_option'",
    ],
    [
      'an unknown query parameter',
      'GET',
      '/sandbox-sheet/values/A1?valueinputoption=RAW',
      undefined,
      'Unknown name "valueinputoption": Cannot bind query parameter',
    ],
    [
      'an unknown body field',
      'PUT',
      '/sandbox-sheet/values/A1?valueInputOption=RAW',
      { value: [[1]] },
      'Unknown name "value": Cannot find field',
    ],
    [
      'a sheet that is not there',
      'GET',
      '/sandbox-sheet/values/Sheet9!A1',
      undefined,
      'Unable to parse range: Sheet9!A1',
    ],
    ['a broken range', 'GET', '/sandbox-sheet/values/A1:B2:C3', undefined, 'Unable to parse range: A1:B2:C3'],
    [
      'a list in a cell',
      'PUT',
      '/sandbox-sheet/values/A1?valueInputOption=RAW',
      { values: [[['a']]] },
      'Invalid values[0][0]: list_value',
    ],
    [
      'values that leave the range',
      'PUT',
      '/sandbox-sheet/values/A1:B1?valueInputOption=RAW',
      { values: [[1, 2, 3]] },
      'tried writing to column [C]',
    ],
    [
      'a place outside the grid',
      'GET',
      '/sandbox-sheet/values/AA1',
      undefined,
      'exceeds grid limits. Max rows: 1000, max columns: 26',
    ],
  ] as const) {
    it(`answers ${what} with 400 INVALID_ARGUMENT`, async () => {
      const reply = await call(method, path, body);
      expect(reply.status).to.equal(400);
      expect(refusal(reply)).to.include({ code: 400, status: 'INVALID_ARGUMENT' });
      expect(refusal(reply).message).to.contain(message);
    });
  }

  it('answers broken JSON with 400', async () => {
    const reply = await send({
      method: 'PUT',
      host: HOST,
      path: '/v4/spreadsheets/sandbox-sheet/values/A1?valueInputOption=RAW',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"values": [[1',
    });
    expect(refusal(reply)).to.include({ status: 'INVALID_ARGUMENT' });
  });

  it('answers 404 NOT_FOUND, 403 PERMISSION_DENIED and 401 UNAUTHENTICATED', async () => {
    expect(refusal(await call('GET', '/nothing/values/A1'))).to.include({ code: 404, status: 'NOT_FOUND' });
    expect(refusal(await call('GET', '/private-sheet/values/A1'))).to.include({
      code: 403,
      status: 'PERMISSION_DENIED',
    });
    expect(refusal(await call('GET', '/sandbox-sheet/values/A1', undefined, ''))).to.include({ code: 401 });
    expect(refusal(await call('GET', '/sandbox-sheet/values/A1', undefined, 'Bearer x'))).to.include({
      status: 'UNAUTHENTICATED',
    });
  });

  it('answers 403 to a token whose scope only reads', async () => {
    token = await sheetsToken(sandbox(), clock, 'https://www.googleapis.com/auth/spreadsheets.readonly');
    expect((await call('GET', '/sandbox-sheet/values/A1')).status).to.equal(200);
    expect(refusal(await put('A1', [[1]])).message).to.contain('insufficient authentication scopes');
  });

  it('lets an access token end after an hour', async () => {
    clock.advance(3_600_000);
    expect((await call('GET', '/sandbox-sheet/values/A1')).status).to.equal(401);
  });

  it('allows sixty writes a minute and user, then answers 429 with Retry-After', async () => {
    for (let i = 0; i < 60; i++) expect((await put('A1', [[i]])).status).to.equal(200);
    clock.advance(20_000);
    const reply = await put('A1', [['too many']]);
    expect(reply.status).to.equal(429);
    expect(reply.headers['retry-after']).to.equal('40');
    expect(refusal(reply)).to.include({ status: 'RESOURCE_EXHAUSTED' });
    expect((await call('GET', '/sandbox-sheet/values/A1')).status).to.equal(200);
    clock.advance(40_000);
    expect((await put('A1', [['again']])).status).to.equal(200);
  });

  it('creates and describes spreadsheets', async () => {
    const made = (
      await call('POST', '', { properties: { title: 'Orders' }, sheets: [{ properties: { title: 'May' } }] })
    ).json() as {
      spreadsheetId: string;
    };
    const described = await call('GET', `/${made.spreadsheetId}`);
    expect(described.json()).to.have.nested.property('properties.title', 'Orders');
    expect(described.json()).to.have.nested.property('sheets[0].properties.title', 'May');
  });

  it('updates several ranges at once, and clears', async () => {
    const data = [
      { range: 'A1', values: [['a']] },
      { range: 'C3', values: [['c']] },
    ];
    const reply = await call('POST', '/sandbox-sheet/values:batchUpdate', { valueInputOption: 'RAW', data });
    expect(reply.json()).to.include({ totalUpdatedCells: 2, totalUpdatedSheets: 1 });
    await call('POST', '/sandbox-sheet/values/C3:clear', {});
    expect((await get('A1:C3')).values).to.deep.equal([['a']]);
  });

  it('is reached by path as well, for curl', async () => {
    const reply = await send({
      path: '/google/v4/spreadsheets/sandbox-sheet',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(reply.status).to.equal(200);
  });
});
