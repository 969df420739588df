import { createHash } from 'node:crypto';
import { SluiceError, StepFault } from '../../kernel/errors.ts';
import type { LogServices } from '../../kernel/services.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';
import { appliedColumns } from './family-cache.ts';
import { findFamily } from './families.ts';
import { writeError } from './faults.ts';
import { conditionFor } from './filter/condition.ts';
import { TIME, type LogFilter } from './filter/filter.ts';
import { parseFilter } from './filter/parse.ts';
import { homeOf } from './growth.ts';
import type { Intake } from './intake.ts';
import { storedOf } from './reading/windows.ts';
import type { Shards } from './shards.ts';

export interface StepServicesDeps {
  readonly intake: Pick<Intake, 'take'>;
  readonly shards: Shards;
  readonly work: UnitOfWork;
}

/** The log platform as steps of a run use it. */
export function stepServices({ intake, shards, work }: StepServicesDeps): LogServices {
  return {
    append: (tenantId, request, key) =>
      told(async () => {
        const text = JSON.stringify(request);
        const bodyHash = createHash('sha256').update(text).digest();
        const claim = { route: 'PUT /api/log', key, bodyHash };
        await intake.take(tenantId, { body: request, bytes: Buffer.byteLength(text), claim });
      }),
    purge: (tenantId, { family: name, before, where, chunk }) =>
      told(async () => {
        const family = await work.within([tenantId], (stores) => findFamily(stores, tenantId, name));
        const filter = where === undefined ? undefined : parseFilter(where, appliedColumns(family), '/where');
        const { shard } = homeOf(family);
        try {
          const open = await shards.open(shard);
          const tenant = await shards.tenant(tenantId, shard);
          const condition = conditionFor(open.dialect, purged(before, filter));
          const count = await open.purge(tenant, name, condition, chunk);
          return { purged: count, done: count < chunk };
        } catch (error) {
          throw writeError(shard, error);
        }
      }),
  };
}

function purged(before: number | undefined, filter: LogFilter | undefined): LogFilter {
  const terms: LogFilter[] = filter ? [filter] : [];
  if (before !== undefined) terms.unshift({ node: 'compare', field: TIME, op: '<', value: storedOf(before) });
  return terms.length === 0 ? { node: 'all' } : { node: 'and', terms };
}

/** What a person would be told of a request, a run is told of its step; what passes by itself is tried again. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const passes = error.status === 503 || error.status === 429 || error.code === 'IDEMPOTENCY_IN_PROGRESS';
    const details = error.errors.map(({ path, message }) => `${path || '/'}: ${message}`).join(' ');
    throw new StepFault(passes ? 'transient' : 'config', details || error.message, { cause: error });
  }
}
