import { StepFault, type FaultCode, type FaultKind } from '../kernel/errors.ts';
import type { NetworkFault } from '../kernel/http.ts';
import { ABSENT, type AnswerView, type ErrorRule, type Scope, type Verdict } from '../language/plan.ts';
import { redactedStart, type Redactor } from './redaction.ts';
import { parseWait } from './wait.ts';

/** What one exchange means for its step, before the step's idempotency has its say. */
export interface Judgement {
  readonly verdict: Verdict | 'done';
  /** JSON Pointer of the rule that matched, or `default/<status or fault>`; undefined for a plain success. */
  readonly rule?: string;
  readonly kind: FaultKind;
  readonly message: string;
  /** What the rule's `after` asks for, in ms. */
  readonly after?: number;
  readonly code?: FaultCode;
  /** False where the request cannot have reached the other side. */
  readonly sent: boolean;
}

/** The token endpoint gave no token: what a rule, or its Retry-After, makes of that. The request itself never left. */
export class TokenRefusal extends StepFault {
  readonly judgement: Judgement;

  constructor(judgement: Judgement) {
    super(judgement.kind, judgement.message);
    this.judgement = { ...judgement, sent: false };
  }
}

/** An exchange as it is judged: an answer, or why there is none. */
export interface Exchange {
  readonly view: AnswerView;
  readonly sent: boolean;
  readonly failure?: string;
  /** Takes the secrets out of what the message repeats of the answer. */
  readonly redact?: Redactor;
  /** 404 and 410 say that what is to be taken away is not there: success, unless a rule says otherwise. */
  readonly absentIsDone?: boolean;
}

/**
 * Finds the first rule that matches, else the language's defaults (LANGUAGE 3): 408, 425, 503 and requests never
 * sent are tried again, 429 waits, 401 renews the credentials, an unknown outcome is left to the idempotency.
 * @param now ms since the epoch, for an `after` that names a time
 */
export function judge(exchange: Exchange, rules: readonly ErrorRule[], scope: Scope, now: number): Judgement {
  const { view, sent } = exchange;
  const ruled = byRule(exchange, rules, scope, now);
  if (ruled) return ruled;
  const status = view.status;
  const gone = exchange.absentIsDone === true && (status === 404 || status === 410);
  if (status !== undefined && ((status >= 200 && status < 300) || gone)) {
    return { verdict: 'done', kind: 'transient', message: '', sent: true };
  }
  const verdict = defaultVerdict(exchange);
  return {
    verdict,
    rule: `default/${status ?? view.network ?? 'broken'}`,
    kind: status === 401 ? 'config' : KIND_OF[verdict],
    message: describe(exchange),
    sent,
  };
}

/** Judges what a step type said is wrong: a rule's word first, else what is transient is tried again. */
export function judgeFault(
  fault: StepFault,
  view: AnswerView,
  rules: readonly ErrorRule[],
  scope: Scope,
  now: number,
): Judgement {
  const ruled = byRule({ view, sent: true, failure: fault.message }, rules, scope, now);
  const code = fault.code === undefined ? {} : { code: fault.code };
  if (ruled) return { ...code, ...ruled };
  const verdict = fault.kind === 'transient' ? 'retry' : 'fail';
  return { verdict, kind: fault.kind, message: fault.message, sent: true, ...code };
}

function byRule(exchange: Exchange, rules: readonly ErrorRule[], scope: Scope, now: number): Judgement | undefined {
  const { view, sent } = exchange;
  const seen: Scope = { ...scope, response: view };
  for (const rule of rules) {
    if (!orElse(false, () => rule.when(seen, view))) continue;
    const { message: says, after: waits } = rule;
    const text = says ? orElse('', () => textOf(says(seen))) : '';
    const after = waits ? orElse(undefined, () => parseWait(waits(seen), now)) : undefined;
    return {
      verdict: rule.then,
      rule: rule.at,
      kind: rule.kind ?? KIND_OF[rule.then],
      message: text || describe(exchange),
      sent,
      ...(after === undefined ? {} : { after }),
      ...(rule.code === undefined ? {} : { code: rule.code }),
    };
  }
  return undefined;
}

/**
 * A rule reads answers nobody foresaw. What it cannot make of one (a comparison of text and number, a list inside a
 * message) must not hide that the request was sent and answered: the rule's part is left out instead.
 */
export function orElse<T>(otherwise: T, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof StepFault) return otherwise;
    throw error;
  }
}

const KIND_OF: Record<Verdict, FaultKind> = {
  retry: 'transient',
  rateLimited: 'transient',
  unknown: 'transient',
  ignore: 'transient',
  refresh: 'config',
  fail: 'config',
};

function defaultVerdict({ view, sent }: Exchange): Verdict {
  if (view.status === undefined) return sent ? 'unknown' : 'retry';
  if ([408, 425, 503].includes(view.status)) return 'retry';
  if (view.status === 429) return 'rateLimited';
  if (view.status === 401) return 'refresh';
  return view.status >= 500 ? 'unknown' : 'fail';
}

const FAULTS: Record<NetworkFault, string> = {
  timeout: 'No answer came in time',
  reset: 'The connection was cut before a whole answer came',
  dns: "The host's name could not be resolved",
  tls: 'The TLS handshake failed',
};

function describe({ view, failure, redact }: Exchange): string {
  if (view.status === undefined) {
    const what = view.network ? FAULTS[view.network] : 'No answer came';
    if (!view.network && failure) return failure;
    return failure ? `${what}: ${failure}` : `${what}.`;
  }
  const location = view.headers['location'];
  if (view.status >= 300 && view.status < 400 && location) {
    return `The answer was ${view.status}, a redirect to ${location}, which is not followed: it is outside the definition's origins, or the method is not GET.`;
  }
  return `The answer was ${view.status}.${excerpt(view.body, redact)}`;
}

const EXCERPT = 300;

function excerpt(body: unknown, redact: Redactor | undefined): string {
  if (body === undefined || body === null || body === '') return '';
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const shown = redact ? redactedStart(text, redact, EXCERPT) : text.slice(0, EXCERPT);
  return ` It said: ${shown}${text.length > EXCERPT ? '…' : ''}`;
}

function textOf(value: unknown): string {
  if (value === ABSENT || value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
