import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createDatabase } from '../support/database.ts';
import { signed, SIGNING_SECRET, transaction } from '../support/datasets.ts';
import { S3_KEYS, startS3, type S3Server } from '../support/s3-server.ts';
import { eventually, startSluice, type Called, type SluiceProcess } from '../support/sluice-process.ts';

describe('a dataset whose objects are in S3', function () {
  this.timeout(120_000);
  let s3: S3Server;
  let bucket: string;
  let folder: string;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let env: Record<string, string>;
  let server: SluiceProcess;

  before(async () => {
    s3 = await startS3();
    bucket = s3.bucket();
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-s3-'));
    database = await createDatabase();
    env = {
      SLUICE_DATA_DIR: path.join(folder, 'data'),
      SLUICE_DATABASE_URL: database.url,
      SLUICE_OBJECTS: `s3://${bucket}/shop`,
      SLUICE_S3_ENDPOINT: s3.url,
      AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
      AWS_REGION: 'eu-central-1',
      SLUICE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      SLUICE_LOG_SHARDS: '',
      SLUICE_LOG_LEVEL: 'warn',
    };
    server = await startSluice(env);
  });
  after(async () => {
    await server?.end('SIGTERM');
    await database.drop();
    await rm(folder, { recursive: true, force: true });
    await s3.close();
  });

  it('is loaded from the bucket, built into it and asked, also by a process that knows nothing of it yet', async () => {
    const key = (await server.call('POST', '/v1/tenants', { name: 'Acme' })).body.apiKey;
    const call = (method: string, place: string, body?: unknown): Promise<Called> => server.call(method, place, body, key);
    const succeeded = async ({ status, body, headers }: Called): Promise<Called['body']> => {
      expect(status, JSON.stringify(body)).to.equal(202);
      const run = await eventually('the run ends', async () => {
        const now = (await call('GET', headers.get('location')!)).body;
        return ['succeeded', 'failed'].includes(now.state) && now;
      });
      expect(run.state, JSON.stringify(run.error)).to.equal('succeeded');
      return run;
    };
    const revenue = async (): Promise<unknown> =>
      (await call('POST', '/v1/datasets/commerce:query', { model: 'app_sales', metrics: ['revenue_total'], dimensions: ['product_id'] })).body.rows;

    const made = await call('POST', '/v1/connections', { definition: 'commerce', name: 'Shop', config: { signingSecret: SIGNING_SECRET } });
    expect(made.status, JSON.stringify(made.body)).to.equal(201);
    const { id, dataset } = made.body;
    expect(dataset.landingFolder).to.match(new RegExp(`^s3://${bucket}/shop/landing/`));
    const drop = (name: string, ...lines: readonly string[]): void =>
      s3.drop(bucket, `${dataset.landingFolder.slice(`s3://${bucket}/`.length)}/${name}`, `${lines.join('\n')}\n`);
    drop('products/dt=2026-03-01/p.csv', 'id,title,product_type,created_at', 'p1,Chair,seat,2026-03-01T08:00:00Z');
    drop('variants/dt=2026-03-01/v.csv', 'id,product_id,price,title,created_at,updated_at,ingested_at',
      'v1,p1,1000,Red,2026-03-01T08:00:00Z,2026-03-01T08:00:00Z,2026-03-01T09:00:00Z');
    drop('orders/dt=2026-03-01/o.csv', 'id,processed_timestamp,customer_id', 'o1,2026-03-01T10:00:00Z,c1');
    drop('order_lines/dt=2026-03-01/l.csv', 'id,quantity,variant_id,revenue,order_id', 'l1,2,v1,2000,o1');
    const message = transaction('t1', 'o1', 'success');
    expect((await server.call('POST', `/hooks/${id}/transactions`, message, '', signed('m1', message))).status).to.equal(202);

    const { outputs } = await succeeded(await call('POST', '/v1/datasets/commerce:load'));
    expect(outputs).to.include({ files: 4, rows: 4, quarantined: 0 });
    await succeeded(await call('POST', '/v1/datasets/commerce:build'));
    expect(await revenue()).to.deep.equal([['p1', '20.00']]);
    expect(s3.requests.filter((request) => /^PUT .*\/shop\/warehouse\/.*\.parquet/.test(request))).to.not.deep.equal([]);

    expect(await server.end('SIGTERM')).to.equal(0);
    server = await startSluice({ ...env, SLUICE_DATA_DIR: path.join(folder, 'elsewhere') });
    expect(await revenue()).to.deep.equal([['p1', '20.00']]);
  });

  it('stops the start with what can be mended, where the bucket cannot be had', async () => {
    const started = await startSluice({ ...env, SLUICE_OBJECTS: 's3://no-such-bucket' }).then(
      () => 'it started',
      (error: Error) => error.message,
    );
    expect(started).to.match(/SLUICE_OBJECTS.*no-such-bucket.*does not exist/);
    expect(started).to.not.match(/\n\s+at /);
  });
});
