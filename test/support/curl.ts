import { command } from './shell.ts';

/** What curl got: the status, and the body as it came. */
export interface Got {
  readonly status: number;
  readonly text: string;
}

/**
 * Sends a request with the curl of this machine, as its user would.
 * @param args the address, and whatever else curl takes
 * @throws Error where there is no curl, or it got no answer
 */
export async function curl(...args: readonly string[]): Promise<Got> {
  const told = [
    '--silent',
    '--show-error',
    '--max-time',
    '30',
    '--noproxy',
    '*',
    '--write-out',
    '\n%{http_code}',
  ];
  const { end, out, err } = await command('curl', ['--disable', ...told, ...args]).catch((error: unknown) => {
    throw new Error('This test sends requests with curl, which is not on the PATH: install it.', {
      cause: error,
    });
  });
  if (end !== 0) throw new Error(`curl ${args.join(' ')} failed (${end}): ${err}`);
  const cut = out.lastIndexOf('\n');
  return { status: Number(out.slice(cut + 1)), text: out.slice(0, cut) };
}
