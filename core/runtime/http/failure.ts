import type { ClientRequest } from 'node:http';
import { SluiceError, StepFault, messageOf } from '../../kernel/errors.ts';
import type { Failure, NetworkFault } from '../../kernel/http.ts';
import type { Stages } from './agents.ts';

/** True where a byte of the request may have reached the other side. */
export function wasSent(request: ClientRequest | undefined, stages: Stages): boolean {
  if (!request) return false;
  return request.reusedSocket || (request.socket !== null && stages.get(request.socket) === 'open');
}

/**
 * Names what went wrong with an exchange.
 * @throws SluiceError EGRESS_REFUSED as the agents raised it
 * @throws StepFault (config) where the request itself is impossible, such as a header with a line break
 */
export function failureOf(error: unknown, request: ClientRequest | undefined, stages: Stages): Failure {
  const cause = rootOf(error);
  if (cause instanceof SluiceError) throw cause;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const sent = wasSent(request, stages);
  if (!sent && (IMPOSSIBLE.test(code) || cause instanceof TypeError)) {
    throw new StepFault('config', `The request cannot be sent: ${cause.message}`, { cause });
  }
  if (sent) return { network: 'reset', sent, message: describe(cause) };
  const handshake = request?.socket && stages.get(request.socket) === 'tcp';
  return { network: handshake ? 'tls' : faultOf(code), sent, message: describe(cause) };
}

// What Node and got say of a request before they touch the network.
const IMPOSSIBLE =
  /^ERR_(INVALID_|UNESCAPED_|HTTP_INVALID_|UNSUPPORTED_PROTOCOL|GOT_REQUEST_ERROR|UNAVAILABLE)/;

function faultOf(code: string): NetworkFault {
  if (/^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/.test(code)) return 'dns';
  if (/^(ERR_TLS|ERR_SSL|CERT_|EPROTO|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) return 'tls';
  return code === 'ETIMEDOUT' ? 'timeout' : 'reset';
}

/** got wraps what Node threw; the first error that is not got's own says what happened. */
function rootOf(error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause : new Error(messageOf(cause));
}

/** Node's error for a name with several addresses has an empty message and the attempts inside. */
function describe(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : error.message;
}
