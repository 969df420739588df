import type { Clock } from '../kernel/clock.ts';
import { StepFault } from '../kernel/errors.ts';
import { isFailure, type Answer, type OutgoingRequest } from '../kernel/http.ts';
import { isJsonObject, type Json } from '../kernel/json.ts';
import { ReauthRequired } from '../kernel/plugin.ts';
import type { Plan, Scope } from '../language/plan.ts';
import { decodeBody } from './decode.ts';
import type { SluiceHttpClient } from './http/client.ts';
import { judge, TokenRefusal } from './judge.ts';
import { createRedactor } from './redaction.ts';
import { parseWait } from './wait.ts';

const TOKEN_TIMEOUT_MS = 30_000;
const TOKEN_MAX_BYTES = 1_048_576;

export interface TokenExchangeDeps {
  readonly http: Pick<SluiceHttpClient, 'send'>;
  readonly clock: Clock;
}

/**
 * The token requests of one use of a scheme. Codes, refresh tokens, assertions and client secrets pass here, some of
 * them made a moment ago and on no list of secrets; a token endpoint that repeats one must not bring it into a message.
 */
export class TokenExchange {
  readonly #deps: TokenExchangeDeps;
  readonly #secrets = new Set<string>();

  constructor(deps: TokenExchangeDeps) {
    this.#deps = deps;
  }

  /** Sends a token request and judges its answer by the definition's rules. */
  async send(
    request: OutgoingRequest,
    by: { readonly scope: Scope; readonly plan: Pick<Plan, 'errors'>; readonly guarded: boolean },
  ): Promise<Answer> {
    this.#note(secretsSent(request));
    const { http, clock } = this.#deps;
    const { guarded } = by;
    const result = await http.send(request, { timeoutMs: TOKEN_TIMEOUT_MS, maxBytes: TOKEN_MAX_BYTES, guarded });
    if (isFailure(result)) {
      const message = `The token endpoint ${request.url.origin} gave no answer: ${result.message}`;
      throw new StepFault('transient', message);
    }
    const { body } = decodeBody(result);
    this.#note(secretsAnswered(body));
    // What a dead grant means is the scheme's to say, whatever a rule for status 400 was written for.
    if (isJsonObject(body) && body['error'] === 'invalid_grant') return result;
    const view = { status: result.status, headers: result.headers, body };
    const judgement = judge({ view, sent: true, redact: createRedactor(this.#secrets) }, by.plan.errors, by.scope, clock.now());
    const { rule, verdict } = judgement;
    const byRule = rule !== undefined && !rule.startsWith('default/');
    const later = verdict === 'retry' || verdict === 'rateLimited';
    if (verdict === 'ignore' || !(byRule || later)) return result;
    const message = `The token endpoint ${request.url.origin}: ${judgement.message}`;
    if (verdict === 'refresh') throw new ReauthRequired(message);
    const asked = parseWait(result.headers['retry-after'], clock.now());
    const after = judgement.after ?? asked;
    throw new TokenRefusal({
      ...judgement,
      message,
      // To ask for a token twice does no harm.
      ...(verdict === 'unknown' ? { verdict: 'retry' } : {}),
      ...(after === undefined ? {} : { after: Math.max(after, asked ?? 0) }),
    });
  }

  /** Does what may send token requests. What it throws comes out without their secrets, causes included. */
  async discreetly<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#secrets.size === 0 ? error : this.#retold(error);
    }
  }

  #retold(error: unknown): unknown {
    const redact = createRedactor(this.#secrets);
    if (error instanceof ReauthRequired) return new ReauthRequired(redact(error.message));
    if (error instanceof TokenRefusal) {
      return new TokenRefusal({ ...error.judgement, message: redact(error.message) });
    }
    return error instanceof StepFault ? new StepFault(error.kind, redact(error.message)) : error;
  }

  #note(values: readonly string[]): void {
    for (const value of values) this.#secrets.add(value);
  }
}

// RFC 6749, 7521, 7636, 8707: what is no secret of a token request. Everything else may be one.
const PUBLIC = new Set([
  'grant_type',
  'scope',
  'client_id',
  'redirect_uri',
  'resource',
  'audience',
  'client_assertion_type',
]);

function secretsSent({ headers, body }: OutgoingRequest): string[] {
  const parameters = parametersOf(body?.toString() ?? '', headers['content-type'] ?? '');
  const given = parameters.flatMap(([name, value]) => (PUBLIC.has(name) ? [] : textsIn(value)));
  const [, credentials] = /^\S+ +(.+)$/.exec(headers['authorization'] ?? '') ?? [];
  if (credentials === undefined) return given;
  // RFC 7617: what is after the colon is the secret, and was form-encoded (RFC 6749, section 2.3.1).
  const password = Buffer.from(credentials, 'base64').toString().split(/:(.*)/s)[1] ?? '';
  const plain = new URLSearchParams(`p=${password}`).get('p') ?? '';
  return [...given, credentials, password, plain];
}

function parametersOf(text: string, contentType: string): [name: string, value: Json][] {
  if (!contentType.includes('json')) return [...new URLSearchParams(text)];
  const body = JSON.parse(text) as Json;
  return isJsonObject(body) ? Object.entries(body) : [];
}

const TOKEN_NAME = /token$|secret|password|assertion|session|(?:^|_)(?:key|jwt|code)$/i;

/** Texts under names that tokens have, at any depth. */
function secretsAnswered(body: unknown): string[] {
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([name, value]: [string, Json]) =>
    typeof value === 'string' ? (TOKEN_NAME.test(name) ? [value] : []) : secretsAnswered(value),
  );
}

function textsIn(value: Json): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap((inner: Json) => textsIn(inner)) : [];
}
