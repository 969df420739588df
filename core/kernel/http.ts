/** A request on its way out. Header names are lower case. */
export interface OutgoingRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** A whole answer. Header names are lower case; the body is decompressed. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type NetworkFault = 'timeout' | 'reset' | 'dns' | 'tls';

/**
 * No whole answer came. `sent: false` says that no byte of the request can have reached the other side (refused,
 * unknown name, failed handshake); `true` says that it may have.
 */
export interface Failure {
  readonly network: NetworkFault;
  readonly sent: boolean;
  readonly message: string;
}

export interface SendOptions {
  readonly timeoutMs: number;
  /** Longest body accepted, in bytes after decompression; beyond it the answer counts as cut (`reset`, sent). */
  readonly maxBytes: number;
  /** True where the host came out of a tenant's value: such hosts pass the egress guard. */
  readonly guarded: boolean;
  /** Origins that redirects of GET and HEAD may lead to besides the request's own; others are answers as they are. */
  readonly origins?: readonly string[];
  /** Aborts the exchange: the worker shuts down or the run was cancelled. */
  readonly signal?: AbortSignal;
}

/** The one way out. Throws SluiceError EGRESS_REFUSED before anything is sent to a forbidden address. */
export interface HttpClient {
  send(request: OutgoingRequest, options: SendOptions): Promise<Answer | Failure>;
}

export function isFailure(result: Answer | Failure): result is Failure {
  return 'network' in result;
}
