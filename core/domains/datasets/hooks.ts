import { notFound } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import type { ConnectionStore } from '../../kernel/ports.ts';
import type { DatasetDirectory } from '../../kernel/stores/datasets.ts';
import type { Hook } from './loading/webhook/receive.ts';

export interface HookDeps {
  readonly directory: Pick<DatasetDirectory, 'byConnection'>;
  readonly live: Pick<ConnectionStore, 'load'>;
}

/** Whose webhook an address is. It is public, so that what is not there says nothing of why. @throws SluiceError NOT_FOUND */
export async function findHook({ directory, live }: HookDeps, connectionId: string, source: string): Promise<Hook> {
  const dataset = isUuid(connectionId) ? await directory.byConnection(connectionId) : undefined;
  const connection = dataset && (await live.load(dataset.tenantId, connectionId));
  if (!dataset || !connection) throw notFound('webhook');
  return { tenant: { id: dataset.tenantId, name: dataset.tenantName }, connection, source };
}
