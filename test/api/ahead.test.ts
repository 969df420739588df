import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { logApi, type LogApi } from './log-shards.ts';
import { ROOT_KEY } from './test-api.ts';

interface Read {
  readonly status: number;
  /** In the order they came. */
  readonly names: readonly string[];
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** The first answer in what a socket gave, and what is left after it; undefined where it is not whole yet. */
function readAnswer(text: string, bodiless = false): { answer: Read; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const pairs = fields.map((field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 2)] as const);
  const headers = new Map(pairs.map(([name, value]) => [name.toLowerCase(), value]));
  const length = bodiless ? 0 : Number(headers.get('content-length') ?? 0);
  if (text.length < end + 4 + length) return undefined;
  const body = text.slice(end + 4, end + 4 + length);
  const answer = { status: Number(line.split(' ')[1]), names: pairs.map(([name]) => name), headers, body };
  return { answer, rest: text.slice(end + 4 + length) };
}

describe('requests that are answered ahead of express', () => {
  let api: LogApi;
  let head: string;
  before(async () => {
    api = await logApi();
    head = `Host: api\r\nAuthorization: Bearer ${api.key}\r\nContent-Type: application/json\r\n`;
    await api.call('POST', '/api/log', { family: 'ahead', schema: { n: 'int' }, logs: [] });
  });
  after(() => api.close());

  const body = (n: number): string => JSON.stringify({ family: 'ahead', logs: [{ n }] });
  const post = (text: string, more = ''): string =>
    `POST /api/log HTTP/1.1\r\n${head}${more}Content-Length: ${text.length}\r\n\r\n${text}`;

  const open = (): Socket => connect(Number(new URL(api.url).port), '127.0.0.1');

  /** Reads so many answers to what `write` sends. */
  async function answers(count: number, write: (socket: Socket) => void, bodiless = false): Promise<Read[]> {
    const socket = open();
    const read: Read[] = [];
    let text = '';
    socket.setEncoding('latin1');
    write(socket);
    for await (const chunk of socket) {
      text += String(chunk);
      for (let next = readAnswer(text, bodiless); next; next = readAnswer(text, bodiless)) {
        read.push(next.answer);
        text = next.rest;
      }
      if (read.length >= count) break;
    }
    return read;
  }
  const statuses = async (count: number, write: (socket: Socket) => void): Promise<number[]> =>
    (await answers(count, write)).map(({ status }) => status);

  const numbers = async (): Promise<unknown[]> => ((await api.stored('ahead')) ?? []).map(({ n }) => n);

  it('come in chunks, of which one may end within a character', async () => {
    const text = Buffer.from(JSON.stringify({ family: 'chunks', schema: { t: 'string' }, logs: [{ t: 'é🐶' }] }));
    const [one, other] = [text.subarray(0, text.length - 7), text.subarray(text.length - 7)];
    const chunk = (bytes: Buffer): Buffer =>
      Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
    const [answer] = await answers(1, (socket) => {
      socket.write(`PUT /api/log HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`);
      socket.write(chunk(one), () => setImmediate(() => socket.write(Buffer.concat([chunk(other), Buffer.from('0\r\n\r\n')]))));
    });
    expect([answer!.status, answer!.body]).to.deep.equal([200, '{}']);
    expect(await api.stored('chunks')).to.deep.equal([{ id: 1, t: 'é🐶' }]);
  });

  it('are told to continue where they ask whether they may', async () => {
    const text = body(1);
    const read = await answers(2, (socket) => {
      socket.write(`POST /api/log HTTP/1.1\r\n${head}Expect: 100-continue\r\nContent-Length: ${text.length}\r\n\r\n`);
      socket.once('data', () => socket.write(text));
    });
    expect(read.map(({ status }) => status)).to.deep.equal([100, 200]);
  });

  it('are answered in their order where several are sent at once', async () => {
    const sent = [post(body(2)), post('{'), post(body(3)), `GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n`];
    expect(await statuses(4, (socket) => socket.write(sent.join('')))).to.deep.equal([200, 400, 200, 200]);
    expect(await numbers()).to.include.members([2, 3]);
  });

  it('leave nothing behind where their sender goes away in the middle', async () => {
    const socket = open();
    await new Promise((sent) => socket.write(post(body(4)).slice(0, -5), sent));
    socket.resetAndDestroy();
    const [answer] = await answers(1, (socket) => socket.write(post(body(5))));
    expect(answer!.status).to.equal(200);
    expect(await numbers()).to.not.include(4);
  });

  it('are those of the path as it is written; HEAD, OPTIONS and GET are refused as ever', async () => {
    for (const method of ['HEAD', 'OPTIONS', 'GET', 'DELETE']) {
      const text = `${method} /api/log HTTP/1.1\r\nHost: api\r\n\r\n`;
      const [answer] = await answers(1, (socket) => socket.write(text), method === 'HEAD');
      expect([answer!.status, answer!.headers.get('allow')], method).to.deep.equal([405, 'PUT, POST']);
    }
    const twice = post(body(6)).replace('/api/log ', '/api/log/ ') + post(body(7)).replace('/api/log ', '/api/log? ');
    expect(await statuses(2, (socket) => socket.write(twice))).to.deep.equal([200, 200]);
    const wrong = post(body(8)).replace('/api/log ', '/API/log ');
    expect(await statuses(1, (socket) => socket.write(wrong))).to.deep.equal([404]);
  });

  it('are refused with the headers and the body of a refusal of express', async () => {
    const refusals = [post('{'), post('{}'), post(body(1)).replace('slk_', 'slx_'), post(body(1), 'Content-Encoding: x\r\n')];
    for (const refused of refusals) {
      const [ahead] = await answers(1, (socket) => socket.write(refused));
      const [behind] = await answers(1, (socket) => socket.write(refused.replace('/api/log ', '/api/log/ ')));
      const same = ({ status, names, headers, body }: Read): unknown => ({
        status,
        names,
        values: [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name)),
        body: body.replace(headers.get('x-request-id')!, 'id'),
      });
      expect(same(ahead!)).to.deep.equal(same(behind!));
      expect(ahead!.headers.get('x-content-type-options')).to.equal('nosniff');
    }
  });

  it('have an id, and are counted by their route', async () => {
    const [answer] = await answers(1, (socket) => socket.write(post(body(9))));
    const { text } = await api.call('GET', '/metrics', undefined, { key: ROOT_KEY });
    expect(text).to.match(/sluice_http_requests_total\{method="POST",route="\/api\/log",status="200"\} [1-9]/);
    expect(answer!.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
    expect(answer!.headers.get('content-type')).to.equal('application/json; charset=utf-8');
  });

  it('say that they were repeated', async () => {
    const keyed = post(body(10), 'Idempotency-Key: ahead-1\r\n');
    const read = [...(await answers(1, (socket) => socket.write(keyed))), ...(await answers(1, (socket) => socket.write(keyed)))];
    expect(read.map(({ headers }) => headers.get('idempotency-replayed'))).to.deep.equal([undefined, 'true']);
    expect((await numbers()).filter((n) => n === 10)).to.have.length(1);
  });
});
