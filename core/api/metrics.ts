import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

export interface Metrics {
  /** Counts a request from here to its end. */
  begin(method: string, route: string): (status: number) => void;
  /** Prometheus text format. */
  text(): Promise<{ readonly text: string; readonly type: string }>;
}

/** Metrics of one server. Routes are labelled by their pattern, so that ids make no series. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labelNames = ['method', 'route', 'status'];
  const requests = new Counter({
    name: 'sluice_http_requests_total',
    help: 'Requests answered.',
    labelNames,
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  return {
    begin(method, route) {
      const began = performance.now();
      return (status) => {
        const labels = { method, route, status };
        requests.inc(labels);
        durations.observe(labels, (performance.now() - began) / 1000);
      };
    },
    text: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  };
}
