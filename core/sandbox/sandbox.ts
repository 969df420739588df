import type { Clock } from '../kernel/clock.ts';
import type { AwsCredentials } from './cloud-control/credentials.ts';
import type { Fault } from './faults.ts';
import type { ServiceAccount } from './google/accounts.ts';

export interface SandboxOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** 127.0.0.1 by default. */
  readonly host?: string;
  readonly clock?: Clock;
  /** Faults that the first requests meet. */
  readonly faults?: readonly Fault[];
  /** What the durations of clouds are multiplied by: 1 by default, where minutes are seconds. */
  readonly timeScale?: number;
}

export interface Sandbox {
  /** Where its pages are: `http://127.0.0.1:8090`. */
  readonly url: string;
  /** Vendor origin to sandbox origin: the value of SLUICE_ENDPOINTS. */
  readonly endpoints: Readonly<Record<string, string>>;
  readonly credentials: SandboxCredentials;
  close(): Promise<void>;
}

/** What a connection is filled in with to reach the sandbox. */
export interface SandboxCredentials {
  readonly google: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly serviceAccount: ServiceAccount;
    readonly spreadsheetId: string;
  };
  readonly twilio: {
    readonly accountSid: string;
    readonly authToken: string;
    readonly from: string;
    readonly messagingServiceSid: string;
  };
  /** For Cloud Control in any region: a user's keys, and keys that need their token. */
  readonly aws: { readonly permanent: AwsCredentials; readonly temporary: AwsCredentials };
  readonly webhook: { readonly url: string; readonly secret: string };
}
