import type { ServerResponse } from 'node:http';
import type { Vendor, VendorRequest } from '../../../support/vendor.ts';

export const LOKI = 'https://loki.test';
export const BULK = 'https://bulk.test';

/** A sink that says of each event what became of it, as Elasticsearch does. Four events a batch, at once. */
export const BULK_SINK = `
apiVersion: sluice/v1
kind: sink
id: bulk
version: 1.0.0
title: Bulk
baseUrl: ${BULK}
connection:
  type: object
  required: [index]
  properties: { index: { type: string, title: Index } }
retry: { maxAttempts: 1000, backoff: { type: constant, initial: PT0.05S, jitter: none } }
batch: { maxEvents: 4, maxBytes: 1MiB, maxWait: PT0S }
steps:
  - id: bulk
    request:
      method: POST
      path: "/{{ connection.index }}/_bulk"
      ndjson: { $flatten: { $map: "{{ events }}", each(e): [ { create: { _id: "{{ e.id }}" } }, "{{ e.fields }}" ] } }
    idempotency: { mode: safe }
    response:
      items:
        at: /items
        errors:
          - { when: '{{ eq item.create.status 409 }}', then: ignore }
          - { when: '{{ eq item.create.status 429 }}', then: retry }
          - { when: '{{ gte item.create.status 400 }}', then: fail, message: "{{ item.create.error.reason }}" }
`;

/** An event as a sink got it. */
export interface Got {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The events of one request to the bulk sink. */
export function bulkEvents({ body }: Pick<VendorRequest, 'body'>): Got[] {
  const lines = body.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  return lines.flatMap((line, i) => {
    if (i % 2 === 1) return [];
    const { _id: id } = line['create'] as { _id: string };
    return [{ id, fields: lines[i + 1]! }];
  });
}

/** An index that keeps an event once and says 409 to others of its id. `refuse` gives another status for an event. */
export class Index {
  readonly kept = new Map<string, Got>();
  readonly doubles: string[] = [];
  refuse: (event: Got) => number | undefined = () => undefined;

  readonly answer = (request: VendorRequest, response: ServerResponse): void => {
    const items = bulkEvents(request).map((event) => {
      const status = this.refuse(event) ?? this.#keep(event);
      return { create: { _id: event.id, status, ...(status >= 400 && { error: { reason: `says ${status}` } }) } };
    });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: items.some(({ create }) => create.status >= 400), items }));
  };

  #keep(event: Got): number {
    if (this.kept.has(event.id)) {
      this.doubles.push(event.id);
      return 409;
    }
    this.kept.set(event.id, event);
    return 201;
  }

  /** What was kept of a field, in order. */
  values(field: string): unknown[] {
    return [...this.kept.values()].map(({ fields }) => fields[field]).sort((a, b) => Number(a) - Number(b));
  }
}

interface Push {
  readonly streams: readonly {
    readonly stream: Readonly<Record<string, string>>;
    readonly values: readonly (readonly [nanos: string, line: string, metadata: { readonly event_id: string }])[];
  }[];
}

/** The entries that Loki was pushed, with their stream's labels. */
export function lokiEntries({ requests }: Pick<Vendor, 'requests'>) {
  return requests
    .filter(({ target }) => target === '/loki/api/v1/push')
    .flatMap(({ body }) => (JSON.parse(body) as Push).streams)
    .flatMap(({ stream, values }) =>
      values.map(([nanos, line, { event_id: id }]) => ({ labels: stream, nanos, fields: JSON.parse(line) as unknown, id })),
    );
}
