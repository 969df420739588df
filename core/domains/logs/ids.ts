import { SluiceError } from '../../kernel/errors.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';

/** Ids from `first` to below `end`. */
export interface IdRange {
  readonly first: number;
  readonly end: number;
}

const LARGEST_BLOCK = 10_000;
/** Families with ids in hand; the rest of one that falls out is lost. */
const MOST_FAMILIES = 10_000;

interface Block {
  ranges: IdRange[];
  /** How many were taken last time: a family under load takes more at once. */
  size: number;
  taking: Promise<void> | undefined;
}

/**
 * Ids of events, taken from the control plane in blocks, so that most events cost no query. What a block has left when the
 * process ends is given back, unless another process took ids since.
 */
export class Ids {
  readonly #work: UnitOfWork;
  readonly #blocks = new Map<string, Block & { readonly tenantId: string; readonly family: string }>();

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /** @throws SluiceError CONFLICT where the family has used up its ids */
  async take(tenantId: string, family: string, count: number): Promise<readonly IdRange[]> {
    const block = this.#block(tenantId, family);
    for (;;) {
      const ranges = cut(block, count);
      if (ranges) return ranges;
      block.taking ??= this.#refill(tenantId, family, block, count).finally(() => {
        block.taking = undefined;
      });
      await block.taking;
    }
  }

  /** Takes back what was certainly not used. */
  giveBack(tenantId: string, family: string, ranges: readonly IdRange[]): void {
    const block = this.#block(tenantId, family);
    block.ranges = [...block.ranges, ...ranges].sort((a, b) => a.first - b.first);
  }

  /** Gives unused ids back to the control plane. */
  async close(): Promise<void> {
    const blocks = [...this.#blocks.values()];
    this.#blocks.clear();
    for (const { tenantId, family, ranges } of blocks) {
      const last = ranges.at(-1);
      if (!last) continue;
      await this.#work.within([tenantId], (stores) =>
        stores.logFamilies.returnIds(tenantId, family, last.first, last.end),
      );
    }
  }

  #block(tenantId: string, family: string): Block {
    const name = `${tenantId} ${family}`;
    let block = this.#blocks.get(name);
    if (!block) {
      if (this.#blocks.size >= MOST_FAMILIES) this.#blocks.delete(this.#blocks.keys().next().value!);
      block = { tenantId, family, ranges: [], size: 0, taking: undefined };
      this.#blocks.set(name, block);
    }
    return block;
  }

  async #refill(tenantId: string, family: string, block: Block, count: number): Promise<void> {
    const left = block.ranges.reduce((sum, { first, end }) => sum + end - first, 0);
    block.size = Math.min(LARGEST_BLOCK, Math.max(1, block.size * 2));
    const size = Math.max(count - left, block.size);
    const first = await this.#work.within([tenantId], (stores) =>
      stores.logFamilies.takeIds(tenantId, family, size),
    );
    if (first === undefined) {
      throw new SluiceError(
        'CONFLICT',
        `The family "${family}" has used up its ids, which stay below 2^53. Take a new family.`,
      );
    }
    const last = block.ranges.at(-1);
    if (last?.end === first) block.ranges[block.ranges.length - 1] = { first: last.first, end: first + size };
    else block.ranges.push({ first, end: first + size });
  }
}

/** The lowest `count` ids of a block, or undefined where it has fewer. */
function cut(block: Block, count: number): IdRange[] | undefined {
  let missing = count;
  const taken: IdRange[] = [];
  const left: IdRange[] = [];
  for (const range of block.ranges) {
    const part = Math.min(missing, range.end - range.first);
    if (part > 0) taken.push({ first: range.first, end: range.first + part });
    if (part < range.end - range.first) left.push({ first: range.first + part, end: range.end });
    missing -= part;
  }
  if (missing > 0) return undefined;
  block.ranges = left;
  return taken;
}
