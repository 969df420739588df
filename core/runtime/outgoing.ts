import { StepFault } from '../kernel/errors.ts';
import type { OutgoingRequest } from '../kernel/http.ts';
import type { Intent, RenderedRequest } from '../kernel/runs.ts';
import type { Plan, RequestStep, Scope } from '../language/plan.ts';

/** A request ready for credentials, and where it may go. */
export interface Outgoing {
  readonly request: OutgoingRequest;
  readonly guarded: boolean;
  /** Origins it and its redirects may reach. */
  readonly origins: readonly string[];
}

/**
 * Joins the intent's rendered request with the base URL of now: a connection that moved to another host takes its
 * waiting runs along, and a secret in the base URL is never on record.
 */
export function outgoing(step: RequestStep, plan: Plan, intent: Intent, scope: Scope): Outgoing {
  const request = intent.request as RenderedRequest; // a request step renders nothing else
  const base = plan.baseUrl?.evaluate(scope);
  const url = new URL(request.absolute ? request.target : `${(base ?? '').replace(/\/$/, '')}${request.target}`);
  const guarded = request.absolute ? request.guarded : (plan.baseUrl?.guarded ?? false);
  const origins = [...(base === undefined ? [] : [new URL(base).origin]), ...plan.egress(scope)];
  if (!origins.includes(url.origin)) {
    // A whole URL from a tenant's value is its own origin, and passes the egress guard instead.
    if (!guarded) {
      throw new StepFault('config', `${url.origin} is not an origin of ${plan.id}: those are ${origins.join(', ')}. Name it under "egress".`);
    }
    origins.push(url.origin);
  }
  const headers = { ...request.headers };
  if (step.idempotency.mode === 'header') headers[step.idempotency.header.toLowerCase()] = intent.key;
  return { request: { method: request.method, url, headers, body: bodyOf(request) }, guarded, origins };
}

function bodyOf({ body }: RenderedRequest): Buffer | undefined {
  if (!body) return undefined;
  return 'text' in body ? Buffer.from(body.text) : Buffer.from(body.base64, 'base64');
}
