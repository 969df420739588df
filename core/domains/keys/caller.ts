import type { Role } from '../../kernel/stores/tenancy.ts';

export type { Scope } from './scopes.ts';

/** Who sent a request. */
export type Caller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'root'; readonly actor: 'root'; readonly credential: string }
  | {
      readonly kind: 'tenant';
      readonly tenantId: string;
      /** `key:<id>` or `user:<subject>`, as audit events name it; `keyless` where none was needed. */
      readonly actor: string;
      readonly role: Role;
      readonly scopes: ReadonlySet<string>;
      /** The bearer credential itself: what only it may read again is sealed with it. Never to be logged. */
      readonly credential: string;
    };
