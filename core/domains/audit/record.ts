import { uuid7 } from '../../kernel/ids.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Stores } from '../../kernel/stores/stores.ts';

/** Who does something, and for whose tenant. */
export interface Actor {
  readonly tenantId: string;
  readonly actor: string;
}

/** Records a change in the transaction that makes it. `action` is `<noun>.<verb>`, `subject` `<noun>:<id>`. */
export async function audit(
  stores: Stores,
  who: Actor,
  action: string,
  subject: string,
  detail?: JsonObject,
): Promise<void> {
  const createdAt = new Date();
  await stores.audit.insert({ ...who, id: uuid7(createdAt.getTime()), action, subject, detail, createdAt });
}
