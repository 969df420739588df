import type { ServerResponse } from 'node:http';
import type { Reply } from './route.ts';

/**
 * Writes an answer. JSON is written by hand: this is on the way of every submission.
 * @param headers of the answer, beside those that the response has already
 */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const own = { ...headers, ...reply.headers };
  if ('stream' in reply) {
    response.writeHead(reply.status, { ...own, 'Content-Type': reply.type });
    await reply.stream(response);
    return;
  }
  const text =
    'text' in reply ? reply.text : reply.body === undefined ? undefined : JSON.stringify(reply.body);
  if (text === undefined) {
    response.writeHead(reply.status, own);
    response.end();
    return;
  }
  const type = 'text' in reply ? reply.type : 'application/json; charset=utf-8';
  response.writeHead(reply.status, { ...own, 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
