import { createHash, randomBytes } from 'node:crypto';
import { messageOf, notFound, SluiceError, StepFault } from '../../kernel/errors.ts';
import { ReauthRequired, type Tokens } from '../../kernel/plugin.ts';
import type { ConnectionStore, LiveConnection } from '../../kernel/ports.ts';
import type { Connection } from '../../kernel/stores/connections.ts';
import type { Directory, UnitOfWork } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';
import { audit, type Actor } from '../audit/record.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { planNamed } from './config.ts';

/** A consent page is open for so long. */
const CONSENT_MS = 10 * 60_000;

/** Sends a person to a consent page and takes what comes back: the runtime's part. */
export interface Consent {
  /** Undefined where the definition's auth needs no person. */
  begin(
    plan: Plan,
    connection: LiveConnection,
    callback: { readonly redirectUri: string; readonly state: string },
  ): { readonly url: string; readonly verifier?: string } | undefined;
  /** Throws ReauthRequired or StepFault where it comes to nothing. */
  complete(
    plan: Plan,
    connection: LiveConnection,
    callback: {
      readonly redirectUri: string;
      readonly params: Readonly<Record<string, string>>;
      readonly verifier?: string;
    },
  ): Promise<Tokens>;
}

export interface AuthorizeDeps {
  readonly catalogue: Catalogue;
  readonly live: Pick<ConnectionStore, 'load'>;
  readonly consent: Consent;
  readonly work: UnitOfWork;
  readonly directory: Pick<Directory, 'takeAuthorization'>;
  /** Where this platform is reached from a browser, without a slash at its end. */
  readonly publicUrl: () => string;
}

/** The page to send the connection's owner to. Throws CONFLICT where the definition needs no consent. */
export async function beginAuthorization(deps: AuthorizeDeps, connection: Connection): Promise<string> {
  const plan = planNamed(deps.catalogue, connection.definition);
  const live = await deps.live.load(connection.tenantId, connection.id);
  if (!live) throw notFound('connection');
  const state = randomBytes(32).toString('base64url');
  const redirectUri = `${deps.publicUrl()}/oauth/callback`;
  const page = begin(deps.consent, plan, live, { redirectUri, state });
  if (!page) {
    throw new SluiceError(
      'CONFLICT',
      `${plan.title} needs no authorisation by a person: its credentials are in the configuration.`,
    );
  }
  const { tenantId, id: connectionId } = connection;
  await deps.work.within([tenantId], (stores) =>
    stores.authorizations.insert(
      hashOf(state),
      { tenantId, connectionId, redirectUri, verifier: page.verifier },
      CONSENT_MS,
    ),
  );
  return page.url;
}

function begin(...[consent, plan, live, callback]: [Consent, ...Parameters<Consent['begin']>]) {
  try {
    return consent.begin(plan, live, callback);
  } catch (error) {
    if (!(error instanceof StepFault)) throw error;
    throw new SluiceError('VALIDATION_FAILED', error.message, { cause: error });
  }
}

/** What a callback came to, for the person who reads the page. */
export type Callback =
  | { readonly outcome: 'authorised'; readonly connection: string }
  | { readonly outcome: 'refused'; readonly reason: string };

/** Takes what a consent page sent back. The state parameter serves once. */
export async function completeAuthorization(
  deps: AuthorizeDeps,
  params: Readonly<Record<string, string>>,
): Promise<Callback> {
  const authorization = params['state']
    ? await deps.directory.takeAuthorization(hashOf(params['state']))
    : undefined;
  if (!authorization) {
    return {
      outcome: 'refused',
      reason: 'This authorisation is unknown, was used before, or is older than ten minutes. Begin again.',
    };
  }
  const { tenantId, connectionId, redirectUri, verifier } = authorization;
  const live = await deps.live.load(tenantId, connectionId);
  const plan = live && deps.catalogue.plan(live.definition);
  if (!live || !plan) return { outcome: 'refused', reason: 'The connection does not exist any more.' };
  if (params['error'] !== undefined) {
    return {
      outcome: 'refused',
      reason: `The other side said: ${params['error_description'] ?? params['error']}.`,
    };
  }
  try {
    const tokens = await deps.consent.complete(plan, live, {
      redirectUri,
      params,
      ...(verifier !== undefined && { verifier }),
    });
    await keep(deps.work, { tenantId, actor: `connection:${connectionId}` }, connectionId, tokens);
    return { outcome: 'authorised', connection: live.name };
  } catch (error) {
    if (error instanceof ReauthRequired || error instanceof StepFault || error instanceof SluiceError) {
      return { outcome: 'refused', reason: messageOf(error) };
    }
    throw error;
  }
}

async function keep(work: UnitOfWork, who: Actor, connectionId: string, tokens: Tokens): Promise<void> {
  await work.within([who.tenantId], async (stores) => {
    await stores.connections.saveTokens(who.tenantId, connectionId, tokens);
    await audit(stores, who, 'connection.authorise', `connection:${connectionId}`);
    await stores.changed({ noun: 'connection', tenantId: who.tenantId, id: connectionId });
  });
}

function hashOf(state: string): Buffer {
  return createHash('sha256').update(state).digest();
}
