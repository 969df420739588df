import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import { newPlace, openShop, settledRuns, submitMany, type Place } from '../support/deliveries.ts';
import { startSluice, type Called, type SluiceProcess } from '../support/sluice-process.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';

interface Operation {
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema?: object }> }>>;
}

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

const SOME_ID = '01890000-0000-7000-8000-000000000000';

describe('/openapi.json of a running server', function () {
  this.timeout(90_000);
  let vendor: Vendor;
  let place: Place;
  let sluice: SluiceProcess;
  let description: Description;

  before(async () => {
    vendor = await startVendor();
    place = await newPlace(vendor.origin);
    sluice = await startSluice(place.env);
    description = (await sluice.call('GET', '/openapi.json', undefined, '')).body as Description;
  });
  after(async () => {
    await vendor.close();
    await sluice.end('SIGTERM');
    await place.remove();
  });

  const operations = () =>
    Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );

  /** Whether an answer is what the description says of its operation. */
  function describes(method: string, path: string, { status, headers, body }: Called): void {
    const { responses } = description.paths[path]![method.toLowerCase()]!;
    const described = responses[String(status)];
    expect(described, `${method} ${path} answered ${status}; described: ${Object.keys(responses).join(', ')}`).to.be.an('object');
    const schema = described!.content?.[headers.get('content-type')!.split(';')[0]!]?.schema;
    expect(schema, `${method} ${path} ${status}`).to.be.an('object');
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    const validate = ajv.compile({ ...schema, components: description.components });
    expect(validate(body), `${method} ${path}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(body)}`).to.equal(true);
  }

  it('is OpenAPI 3.1, and names each route that is asked for without a key as open or locked, truly', async () => {
    expect(description.openapi).to.match(/^3\.1\./);
    expect(operations().length).to.be.greaterThan(30);
    for (const { method, path, operation } of operations()) {
      const target = path.replaceAll(/\{[^}]+\}/g, SOME_ID);
      const { status, body } = await sluice.call(method, target, method === 'GET' ? undefined : {}, '');
      const locked = operation.security.length > 0;
      expect(status === 401, `${method} ${path} answered ${status}`).to.equal(locked);
      if (locked) expect(body).to.include({ code: 'UNAUTHENTICATED' });
    }
  });

  it('describes what the main path answers, to the letter', async () => {
    const tenant = await sluice.call('POST', '/v1/tenants', { name: 'Acme' });
    describes('POST', '/v1/tenants', tenant);
    const shop = await openShop(sluice);
    await submitMany(sluice, shop, 1);
    const [run] = await settledRuns(sluice, shop, 2);
    const own = (method: string, path: string, body?: unknown) => sluice.call(method, path, body, shop.apiKey);
    const form = `/v1/forms/${shop.formId}`;
    describes('GET', '/v1/runs/{id}', await own('GET', `/v1/runs/${run!.id}`));
    describes('GET', '/v1/runs', await own('GET', '/v1/runs'));
    describes('GET', '/v1/forms/{id}', await own('GET', form));
    describes('GET', '/v1/forms/{id}/actions', await own('GET', `${form}/actions`));
    describes('POST', '/v1/forms/{id}/responses', await own('POST', `${form}/responses`, { answers: { n: 9 } }));
    describes('GET', '/v1/forms/{id}/responses', await own('GET', `${form}/responses`));
    describes('GET', '/v1/definitions', await own('GET', '/v1/definitions'));
    describes('GET', '/v1/definitions/{id}', await own('GET', '/v1/definitions/deliveries'));
    describes('GET', '/v1/connections', await own('GET', '/v1/connections'));
    describes('GET', '/v1/api-keys', await own('GET', '/v1/api-keys'));
    describes('GET', '/v1/audit-events', await own('GET', '/v1/audit-events'));
  });

  it('says what errors look like, and they do', async () => {
    const { status, headers, body } = await sluice.call('GET', `/v1/runs/${SOME_ID}`, undefined, 'slk_unknown');
    expect(status).to.equal(401);
    expect(headers.get('content-type')).to.match(/^application\/problem\+json/);
    expect(body).to.include.all.keys('type', 'title', 'status', 'code', 'detail', 'requestId');
  });
});
