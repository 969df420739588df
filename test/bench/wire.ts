import type { Socket } from 'node:net';

/** One HTTP/1.1 message with a Content-Length, as it came over a socket. */
export interface Message {
  /** Request line or status line. */
  readonly start: string;
  readonly body: string;
}

/**
 * Reads whole messages off a socket. Only as much of HTTP as two programs on loopback need that both send a
 * Content-Length: what the load and the vendor cost is taken from the programs that are measured.
 */
export function onMessages(socket: Socket, receive: (message: Message) => void): void {
  let buffered = '';
  socket.setNoDelay(true);
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    buffered += chunk;
    for (;;) {
      const end = buffered.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = buffered.slice(0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      // Bodies here are ASCII, so that a length in bytes is one in characters.
      if (buffered.length < end + 4 + length) return;
      const body = buffered.slice(end + 4, end + 4 + length);
      buffered = buffered.slice(end + 4 + length);
      receive({ start: head.slice(0, head.indexOf('\r\n')), body });
    }
  });
}
