/** What was used; `storage` is the bytes kept, as last measured on the day, the others are sums. */
export interface Usage {
  readonly events: number;
  readonly bytes: number;
  readonly queries: number;
  readonly storage: number;
}

/** A tenant's use on a day, `YYYY-MM-DD` in UTC. */
export interface UsageDay extends Usage {
  readonly tenantId: string;
  readonly day: string;
}

/** The most that a tenant may use in a day (UTC). What is left out has no limit. */
export interface Quotas {
  readonly events?: number;
  readonly bytes?: number;
  readonly queries?: number;
}

export interface UsageStore {
  /** Adds to the days; `storage` replaces what is there unless it is 0. */
  add(days: readonly UsageDay[]): Promise<void>;
  /** From the first day to the last, both included, oldest first. */
  list(tenantId: string, from: string, to: string): Promise<readonly UsageDay[]>;
  quotas(tenantId: string): Promise<Quotas>;
  setQuotas(tenantId: string, quotas: Quotas): Promise<void>;
}
