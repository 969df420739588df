import type { AppendBatch } from '../../kernel/logs.ts';

/** Hears of events right after their commit, in the order of commits. Must not throw, nor take long. */
export type OnAppended = (tenantId: string, batches: readonly AppendBatch[]) => void;
