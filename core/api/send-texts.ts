import type { ServerResponse } from 'node:http';

/** Ms after which a reader that takes nothing is given up. */
const STALLED = 60_000;

/**
 * Sends texts as they come, each when its reader has taken the one before. Where they fail the error is thrown on, and the
 * answer is to be cut: an end would look like the whole.
 */
export async function sendTexts(response: ServerResponse, texts: AsyncIterable<string>): Promise<void> {
  try {
    for await (const text of texts) {
      if (response.destroyed) return;
      if (!response.write(text)) await drained(response);
    }
  } catch (error) {
    // Nobody is left to be told of what their leaving has stopped.
    if (response.destroyed) return;
    throw error;
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((settle) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off('drain', done).off('close', done);
      settle();
    };
    const timer = setTimeout(() => response.destroy(), STALLED);
    response.on('drain', done).on('close', done);
  });
}
