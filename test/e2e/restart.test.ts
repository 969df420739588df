import { expect } from 'chai';
import { newPlace, openShop, settledRuns, submitMany, TOKEN, type Place } from '../support/deliveries.ts';
import { StartRefused, startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';

describe('A server on its own data folder', function () {
  this.timeout(60_000);
  let vendor: Vendor;
  let place: Place;
  let sluice: SluiceProcess;

  before(async () => {
    vendor = await startVendor();
    place = await newPlace(vendor.origin);
    sluice = await startSluice(place.env);
  });
  after(async () => {
    await sluice.end('SIGTERM');
    await vendor.close();
    await place.remove();
  });

  it('has all its state again after a stop and a start', async () => {
    const shop = await openShop(sluice);
    await submitMany(sluice, shop, 3);
    const before = await settledRuns(sluice, shop, 6);
    expect(await sluice.end('SIGTERM')).to.equal(0);
    sluice = await startSluice(place.env);
    expect(await settledRuns(sluice, shop, 6)).to.deep.equal(before);
    const form = await sluice.call('GET', `/v1/forms/${shop.formId}`, undefined, shop.apiKey);
    expect(form.body.title).to.equal('Orders');
    const responses = await sluice.call('GET', `/v1/forms/${shop.formId}/responses`, undefined, shop.apiKey);
    expect(responses.body.items).to.have.length(3);
    await submitMany(sluice, shop, 1, 3);
    await settledRuns(sluice, shop, 8);
    expect(vendor.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).to.equal(true);
  });

  it('refuses a second start on the same folder, naming the process and the way out', async () => {
    const refused: unknown = await startSluice(place.env).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(StartRefused);
    const { message, exitCode } = refused as StartRefused;
    expect(exitCode).to.not.equal(0);
    expect(message).to.contain(String(sluice.pid)).and.to.contain('SLUICE_DATABASE_URL');
    expect(message).to.not.contain('    at ');
  });
});
