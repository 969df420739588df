import type { Objects } from '../../core/sdk.ts';
import type { Settings } from './settings.ts';

/** What one piece of work needs. */
export interface Workplace {
  readonly settings: Settings;
  readonly objects: Objects;
  readonly scratch: string;
  readonly signal: AbortSignal;
}
