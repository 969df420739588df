import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Clock } from '../../kernel/clock.ts';

/** The OAuth client and the person that the sandbox knows. */
export const CLIENT = {
  id: 'sandbox-client.apps.googleusercontent.com',
  secret: 'GOCSPX-sandbox-client-secret',
} as const;
export const PERSON = 'ada@sandbox.test';

export const SPREADSHEETS_SCOPE = 'https://www.googleapis.com/auth/spreadsheets';
const WRITE_SCOPES = [
  SPREADSHEETS_SCOPE,
  'https://www.googleapis.com/auth/drive',
  'https://www.googleapis.com/auth/drive.file',
];
const READ_SCOPES = [
  ...WRITE_SCOPES,
  'https://www.googleapis.com/auth/spreadsheets.readonly',
  'https://www.googleapis.com/auth/drive.readonly',
];

export const ACCESS_SECONDS = 3599;
const CODE_MS = 10 * 60_000;

/** A service account's key as Google's console hands it out. */
export interface ServiceAccount {
  readonly type: 'service_account';
  readonly project_id: string;
  readonly private_key_id: string;
  readonly private_key: string;
  readonly client_email: string;
  readonly client_id: string;
  readonly token_uri: string;
}

export interface Grant {
  /** Whose token it is: a person's or a service account's e-mail address. */
  readonly subject: string;
  readonly scope: string;
}

export interface PendingCode extends Grant {
  readonly redirectUri: string;
  readonly challenge: string | undefined;
  readonly challengeMethod: 'S256' | 'plain';
  /** A refresh token comes with this code: `access_type=offline`, and first consent or `prompt=consent`. */
  readonly offline: boolean;
}

/** Codes, tokens and grants of the sandbox's Google accounts. Kept in memory only. */
export class GoogleAccounts {
  readonly serviceAccount: ServiceAccount;
  /** PEM of the key that verifies the service account's assertions. */
  readonly publicKey: string;
  readonly #clock: Clock;
  readonly #codes = new Map<string, PendingCode & { expiresAt: number }>();
  readonly #access = new Map<string, Grant & { expiresAt: number }>();
  readonly #refresh = new Map<string, Grant>();
  #consented = false;

  private constructor(clock: Clock, privateKey: string, publicKey: string) {
    this.#clock = clock;
    this.publicKey = publicKey;
    this.serviceAccount = {
      type: 'service_account',
      project_id: 'sandbox-project',
      private_key_id: randomBytes(20).toString('hex'),
      private_key: privateKey,
      client_email: 'sheets-writer@sandbox-project.iam.gserviceaccount.com',
      client_id: '100000000000000000001',
      token_uri: 'https://oauth2.googleapis.com/token',
    };
  }

  static async create(clock: Clock): Promise<GoogleAccounts> {
    const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    return new GoogleAccounts(clock, privateKey, publicKey);
  }

  now(): number {
    return this.#clock.now();
  }

  /** The person pressed Allow. */
  consent(code: Omit<PendingCode, 'offline'>, offline: boolean, askedAgain: boolean): string {
    const value = `4/${randomBytes(32).toString('base64url')}`;
    const refreshable = offline && (askedAgain || !this.#consented);
    this.#consented = true;
    this.#codes.set(value, { ...code, offline: refreshable, expiresAt: this.now() + CODE_MS });
    return value;
  }

  /** Takes a code out: it works once, for ten minutes. */
  redeem(code: string): PendingCode | undefined {
    const found = this.#codes.get(code);
    this.#codes.delete(code);
    return found && found.expiresAt > this.now() ? found : undefined;
  }

  issueAccess(grant: Grant): string {
    const token = `ya29.${randomBytes(48).toString('base64url')}`;
    this.#access.set(token, { ...grant, expiresAt: this.now() + ACCESS_SECONDS * 1000 });
    return token;
  }

  issueRefresh(grant: Grant): string {
    const token = `1//${randomBytes(32).toString('base64url')}`;
    this.#refresh.set(token, grant);
    return token;
  }

  refresh(token: string): Grant | undefined {
    return this.#refresh.get(token);
  }

  access(token: string): Grant | undefined {
    const found = this.#access.get(token);
    return found && found.expiresAt > this.now() ? found : undefined;
  }

  /** Takes a consent back: with the refresh token go all access tokens of its person. */
  revoke(token: string): boolean {
    const grant = this.#refresh.get(token) ?? this.#access.get(token);
    if (!grant) return false;
    for (const [key, other] of this.#refresh) if (other.subject === grant.subject) this.#refresh.delete(key);
    for (const [key, other] of this.#access) if (other.subject === grant.subject) this.#access.delete(key);
    this.#consented = false;
    return true;
  }

  /** Makes every access token that is out expire now, as if an hour had passed. */
  expireAccess(): void {
    this.#access.clear();
  }

  counts(): { accessTokens: number; refreshTokens: number } {
    return { accessTokens: this.#access.size, refreshTokens: this.#refresh.size };
  }

  clear(): void {
    this.#codes.clear();
    this.#access.clear();
    this.#refresh.clear();
    this.#consented = false;
  }
}

export function mayUse(grant: Grant, writes: boolean): boolean {
  const needed = writes ? WRITE_SCOPES : READ_SCOPES;
  return grant.scope.split(' ').some((scope) => needed.includes(scope));
}
