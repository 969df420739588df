import { createHmac } from 'node:crypto';
import { definePlugin, StepFault, Type, type OutgoingRequest, type Static } from '../../core/sdk.ts';

const config = Type.Object(
  {
    secret: Type.String({
      minLength: 1,
      description: 'Base64 of the key, with or without its prefix whsec_.',
    }),
    id: Type.Optional(
      Type.String({ description: "The message's id; by default the webhook-id header of the request." }),
    ),
  },
  { additionalProperties: false },
);
type Config = Static<typeof config>;

function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (key.length === 0)
    throw new StepFault(
      'config',
      'The webhook secret is no base64 text such as whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.',
    );
  return key;
}

/** The id is the same in all attempts, so that a receiver can tell a repetition. */
function idOf(request: OutgoingRequest, config: Config): string {
  const id = config.id ?? request.headers['webhook-id'];
  if (id !== undefined && id !== '') return id;
  throw new StepFault(
    'config',
    'A signed webhook needs an id: set `idempotency: { mode: header, header: webhook-id }` on its step, or `id`.',
  );
}

// Standard Webhooks 1.0, "Signature scheme": HMAC-SHA256 over id, timestamp and body as sent.
function signature(key: Buffer, id: string, timestamp: string, body: Buffer): string {
  const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
  return `v1,${hmac.digest('base64')}`;
}

export default definePlugin<Config>({
  type: 'authScheme',
  name: 'standardWebhooks',
  summary: 'Signs what is sent as Standard Webhooks describes (standardwebhooks.com), anew for each attempt.',
  config,
  example: `standardWebhooks:
  secret: "{{ connection.signingSecret }}"
  id: "{{ step.idempotencyKey }}"
`,
  authorize(request, config, { clock }) {
    const id = idOf(request, config);
    const timestamp = String(Math.floor(clock.now() / 1000));
    const signed = signature(keyOf(config.secret), id, timestamp, request.body ?? Buffer.alloc(0));
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signed };
    return { ...request, headers: { ...request.headers, ...headers } };
  },
});
