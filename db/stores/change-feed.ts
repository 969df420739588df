import type { ClientBase } from 'pg';
import { CHANGE_NOUNS, type Change, type ChangeFeed } from '../../core/kernel/stores/stores.ts';
import { openListener } from '../listener.ts';

const CHANNEL = 'sluice_changes';

/** Told to everybody who listens, once the surrounding transaction commits. */
export async function announce(client: ClientBase, { noun, tenantId, id }: Change): Promise<void> {
  await client.query(`SELECT pg_notify('${CHANNEL}', $1)`, [`${noun}:${tenantId}:${id}`]);
}

export interface OpenChangeFeed extends ChangeFeed {
  /** Tells this process's listeners at once; see `unitOfWork`. */
  readonly tell: (change: Change) => void;
  close(): Promise<void>;
}

/** Hears of changes in all processes, this one included. */
export async function openChangeFeed(url: string): Promise<OpenChangeFeed> {
  const listeners = new Set<(change: Change | undefined) => void>();
  let live = false;
  const tell = (change: Change | undefined): void => {
    for (const listener of listeners) listener(change);
  };
  const listener = await openListener(url, { [CHANNEL]: (payload) => tell(parse(payload)) }, (listening) => {
    live = listening;
    // What changed while nobody listened is not known.
    tell(undefined);
  });
  return {
    get live() {
      return live;
    },
    subscribe(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    tell,
    close: () => listener.close(),
  };
}

/** A newer version's noun is not ours to know: all that is cached is then forgotten. */
function parse(payload: string): Change | undefined {
  const [said, tenantId = '', id = ''] = payload.split(':');
  const noun = CHANGE_NOUNS.find((known) => known === said);
  return noun && { noun, tenantId, id };
}
