import type { Logger } from 'pino';
import type { Consent } from '../domains/connections/authorize.ts';
import type { Equipment } from '../domains/compute/preflight.ts';
import type { CheckUrl } from '../domains/connections/config.ts';
import type { Verify } from '../domains/connections/verify.ts';
import type { Datasets } from '../domains/datasets/open.ts';
import type { Catalogue } from '../domains/definitions/catalogue.ts';
import type { TokenVerifier } from '../domains/keys/oidc.ts';
import type { Logs } from '../domains/logs/logs.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ConnectionStore } from '../kernel/ports.ts';
import type { ResponseLog } from '../kernel/stores/forms.ts';
import type { ChangeFeed, Directory, UnitOfWork } from '../kernel/stores/stores.ts';

/** What the composition root gives the API. */
export interface ApiDeps extends Equipment {
  readonly work: UnitOfWork;
  readonly directory: Directory;
  readonly changes: ChangeFeed;
  readonly responses: ResponseLog;
  /** Connections with their secrets, for `:verify` and `:authorize` only. */
  readonly live: Pick<ConnectionStore, 'load'>;
  readonly catalogue: Catalogue;
  readonly logs: Logs;
  readonly datasets: Datasets;
  readonly checkUrl: CheckUrl;
  readonly verify: Verify;
  readonly consent: Consent;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rootKey: string;
  readonly oidc?: TokenVerifier;
  /** Where its clients are served as databalancer did: whose their requests without a key are. */
  readonly databalancer?: { readonly tenantId: string };
  /** SLUICE_PUBLIC_URL; where it is left out, the address that is listened on. */
  readonly publicUrl?: string;
  /** Throws where this process cannot serve at the moment, with the reason as its message. */
  readonly ready?: () => Promise<void>;
}
