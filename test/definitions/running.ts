import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { systemClock } from '../../core/kernel/clock.ts';
import type { Clock } from '../../core/kernel/clock.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import { Registry } from '../../core/kernel/registry.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import type { Plan } from '../../core/language/plan.ts';
import { formatFinding } from '../../core/language/source.ts';
import { drive } from '../../core/runtime/drive.ts';
import type { DriveResult } from '../../core/runtime/drive.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import awsSigV4 from '../../plugins/awsSigV4/index.ts';
import basic from '../../plugins/basic/index.ts';
import none from '../../plugins/none/index.ts';
import oauth2 from '../../plugins/oauth2/index.ts';
import standardWebhooks from '../../plugins/standardWebhooks/index.ts';
import type { WireRequest } from './openapi.ts';

export const registry = new Registry([none, awsSigV4, basic, oauth2, standardWebhooks]);

const plans = new Map<string, Plan>();

/** A bundled integration, compiled. Throws with its findings where it has any. */
export function bundled(id: string): Plan {
  const known = plans.get(id);
  if (known) return known;
  const file = `definitions/integrations/${id}.yaml`;
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const { plan, findings } = compileDefinition({ file, text }, registry);
  if (!plan || findings.length > 0)
    throw new Error(findings.map((finding) => formatFinding(finding)).join('\n'));
  plans.set(id, plan);
  return plan;
}

export interface Running {
  readonly action: string;
  readonly connection: JsonObject;
  readonly app?: JsonObject;
  readonly input: JsonObject;
  /** SLUICE_ENDPOINTS. */
  readonly endpoints?: Readonly<Record<string, string>>;
  /** Where all origins go instead. */
  readonly everywhere?: string;
  readonly clock?: Clock;
  /** Called for a wait instead of waiting. */
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Carries one action to its end, over real sockets. */
export async function runAction(plan: Plan, running: Running): Promise<DriveResult> {
  const clock = running.clock ?? systemClock;
  const http = createHttpClient({
    endpoints: running.endpoints ?? {},
    ...(running.everywhere !== undefined && { everywhere: running.everywhere }),
    clock,
  });
  try {
    return await drive({
      plan,
      pipeline: running.action === 'verify' ? 'verify' : `actions/${running.action}`,
      connection: running.connection,
      ...(running.app && { app: running.app }),
      input: running.input,
      http,
      registry,
      clock,
      random: () => 0,
      sleep: running.sleep ?? (() => Promise.reject(new Error('The run waits, and nothing asked it to.'))),
    });
  } finally {
    http.close();
  }
}

export interface Recorder {
  readonly url: string;
  readonly requests: WireRequest[];
  close(): Promise<void>;
}

/** A server that notes every request and answers as told; the vendor's origin is taken from the Host header. */
export async function startRecorder(
  answer: (request: WireRequest) => { status?: number; json: unknown },
): Promise<Recorder> {
  const requests: WireRequest[] = [];
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request: WireRequest = {
      method: incoming.method ?? '',
      url: new URL(incoming.url ?? '', `https://${incoming.headers.host ?? ''}`),
      headers: Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      ),
      body: (await buffer(incoming)).toString('utf8'),
    };
    requests.push(request);
    const { status = 200, json } = answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  };
  const server = createServer((incoming, response) => void serve(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
