import type { Pool } from 'pg';
import { StepFault } from '../../core/kernel/errors.ts';
import type { PortLedger } from '../../core/kernel/host.ts';

/** Below the ports that systems hand out to outgoing connections (Linux: from 32768). */
const FIRST = 20_000;
const LAST = 29_999;

const FIND = `SELECT port FROM port_leases WHERE tenant_id = $1 AND environment_id = $2`;
const TAKEN = `SELECT port FROM port_leases`;
// Nothing where another was quicker, with the port or for the same environment.
const TAKE = `
  INSERT INTO port_leases (tenant_id, environment_id, port) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING port`;
const RELEASE = `DELETE FROM port_leases WHERE tenant_id = $1 AND environment_id = $2`;

/** @param from where the search begins, so that neighbours in time do not meet */
export function portLedger(
  engine: Pool,
  probe: PortLedger['probe'],
  from: () => number = () => FIRST + Math.floor(Math.random() * (LAST - FIRST + 1)),
): PortLedger {
  const find: PortLedger['find'] = async (tenantId, environment) =>
    (await engine.query<{ port: number }>(FIND, [tenantId, environment])).rows[0]?.port;
  return {
    find,
    probe,
    async lease(tenantId, environment) {
      const known = await find(tenantId, environment);
      if (known !== undefined) return known;
      const taken = new Set((await engine.query<{ port: number }>(TAKEN)).rows.map(({ port }) => port));
      for (const port of portsFrom(from())) {
        if (taken.has(port) || (await probe(port)) !== 'free') continue;
        const { rowCount } = await engine.query(TAKE, [tenantId, environment, port]);
        if (rowCount === 1) return port;
        const met = await find(tenantId, environment);
        if (met !== undefined) return met;
      }
      const message = `All ports from ${FIRST} to ${LAST} are leased, or somebody listens on them.`;
      throw new StepFault('transient', message, { code: 'SERVICE_LIMIT_EXCEEDED' });
    },
    async release(tenantId, environment) {
      await engine.query(RELEASE, [tenantId, environment]);
    },
  };
}

function* portsFrom(start: number): Generator<number> {
  for (let port = start; port <= LAST; port++) yield port;
  for (let port = FIRST; port < start; port++) yield port;
}
