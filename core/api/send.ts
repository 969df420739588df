import type { ServerResponse } from 'node:http';
import type { Reply } from './route.ts';

/** Writes an answer. JSON is written by hand: this is on the way of every submission. */
export async function sendReply(response: ServerResponse, reply: Reply): Promise<void> {
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if ('stream' in reply) {
    response.writeHead(reply.status, { 'Content-Type': reply.type });
    await reply.stream(response);
    return;
  }
  const text =
    'text' in reply ? reply.text : reply.body === undefined ? undefined : JSON.stringify(reply.body);
  if (text === undefined) {
    response.writeHead(reply.status);
    response.end();
    return;
  }
  const type = 'text' in reply ? reply.type : 'application/json; charset=utf-8';
  response.writeHead(reply.status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
