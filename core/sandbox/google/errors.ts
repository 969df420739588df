import type { Response } from 'express';
import type { JsonObject } from '../../kernel/json.ts';

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/**
 * An error in the shape all Google APIs share: `{error: {code, message, status, details}}`.
 * Source: https://cloud.google.com/apis/design/errors
 */
export class GoogleError extends Error {
  override readonly name = 'GoogleError';
  readonly code: number;
  readonly details: readonly JsonObject[];
  readonly retryAfter: number | undefined;

  constructor(
    code: number,
    message: string,
    more: { details?: readonly JsonObject[]; retryAfter?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.details = more.details ?? [];
    this.retryAfter = more.retryAfter;
  }
}

export function sendGoogleError(res: Response, error: GoogleError): void {
  if (error.retryAfter !== undefined) res.set('retry-after', String(error.retryAfter));
  if (error.code === 401) res.set('www-authenticate', 'Bearer realm="https://accounts.google.com/"');
  res.status(error.code).json({
    error: {
      code: error.code,
      message: error.message,
      status: STATUS_NAMES[error.code] ?? 'UNKNOWN',
      ...(error.details.length > 0 && { details: error.details }),
    },
  });
}

/** The error a scripted fault of this status stands for. */
export function googleFault(status: number): GoogleError {
  switch (status) {
    case 401:
      return invalidCredentials();
    case 403:
      return new GoogleError(403, 'The caller does not have permission');
    case 404:
      return notFound();
    case 429:
      return quotaExceeded('Write', undefined);
    case 500:
      return new GoogleError(500, 'Internal error encountered.');
    case 503:
      return new GoogleError(503, 'The service is currently unavailable.');
    default:
      return new GoogleError(status, 'The sandbox was asked for this answer.');
  }
}

export function invalidArgument(message: string): GoogleError {
  return new GoogleError(400, message);
}

export function notFound(): GoogleError {
  return new GoogleError(404, 'Requested entity was not found.');
}

export function invalidCredentials(): GoogleError {
  return new GoogleError(
    401,
    'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
  );
}

export function missingCredentials(): GoogleError {
  return new GoogleError(
    401,
    'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
  );
}

export function insufficientScopes(method: string): GoogleError {
  return new GoogleError(403, 'Request had insufficient authentication scopes.', {
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
        domain: 'googleapis.com',
        metadata: { method, service: 'sheets.googleapis.com' },
      },
    ],
  });
}

/** Source: https://developers.google.com/sheets/api/limits */
export function quotaExceeded(
  kind: 'Read' | 'Write',
  retryAfter: number | undefined,
  limit = 60,
): GoogleError {
  return new GoogleError(
    429,
    `Quota exceeded for quota metric '${kind} requests' and limit '${kind} requests per minute per user' of service 'sheets.googleapis.com' for consumer 'project_number:123456789012'.`,
    {
      ...(retryAfter !== undefined && { retryAfter }),
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'RATE_LIMIT_EXCEEDED',
          domain: 'googleapis.com',
          metadata: {
            service: 'sheets.googleapis.com',
            quota_metric: `sheets.googleapis.com/${kind.toLowerCase()}_requests`,
            quota_limit: `${kind}RequestsPerMinutePerUser`,
            quota_limit_value: String(limit),
            quota_location: 'global',
            consumer: 'projects/123456789012',
          },
        },
        {
          '@type': 'type.googleapis.com/google.rpc.Help',
          links: [
            {
              description: 'Request a higher quota limit.',
              url: 'https://cloud.google.com/docs/quotas/help/request_increase',
            },
          ],
        },
      ],
    },
  );
}

/** A query parameter or body field that the method does not have. */
export function unknownField(place: 'query' | 'body', name: string): GoogleError {
  const message =
    place === 'query'
      ? `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`
      : `Invalid JSON payload received. Unknown name "${name}": Cannot find field.`;
  return badField('', message, message);
}

/** A value that is not of an enumeration. */
export function invalidEnum(field: string, type: string, value: string): GoogleError {
  const message = `Invalid value at '${field}' (type.googleapis.com/google.apps.sheets.v4.${type}), "${value}"`;
  return badField(field, message, message);
}

function badField(field: string, message: string, description: string): GoogleError {
  return new GoogleError(400, message, {
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [{ ...(field !== '' && { field }), description }],
      },
    ],
  });
}
