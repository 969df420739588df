import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { CommandFailure } from '../../core/cli/failure.ts';
import { loadSettings, unknownSettings } from '../../core/cli/settings.ts';

/** The message with which settings are refused. */
function refusal(environment: Record<string, string>): string {
  try {
    loadSettings(environment, '/nowhere');
  } catch (error) {
    expect(error).to.be.instanceOf(CommandFailure);
    return (error as CommandFailure).message;
  }
  throw new Error('The settings were accepted.');
}

describe('settings', () => {
  it('have defaults for everything that a first start needs', () => {
    const settings = loadSettings({}, '/srv/sluice');
    expect(settings).to.deep.include({
      dataDir: '/srv/sluice/.sluice',
      port: 8080,
      host: '127.0.0.1',
      logLevel: 'info',
    });
    expect(settings).to.deep.include({ definitions: [], egressAllow: [], endpoints: {}, apps: {} });
    expect(settings.databaseUrl).to.equal(undefined);
  });

  it('take an empty variable for one that is not set', () => {
    expect(loadSettings({ SLUICE_PORT: '', SLUICE_DATABASE_URL: '' }, '/')).to.include({
      port: 8080,
      databaseUrl: undefined,
    });
  });

  it('name the variable, its value and what is accepted, all of them at once', () => {
    const message = refusal({ SLUICE_PORT: '80a', SLUICE_LOG_LEVEL: 'loud', SLUICE_DEFINITIONS: 'missing' });
    expect(message.split('\n')).to.have.lengthOf(3);
    expect(message).to.contain(
      'SLUICE_PORT=80a is not usable: it is no port number. Accepted: a port number from 0 to 65535',
    );
    expect(message).to.contain('SLUICE_LOG_LEVEL=loud').and.to.contain('trace, debug, info');
    expect(message).to.contain('there is no folder /nowhere/missing');
  });

  it('never repeat a value that may be secret', () => {
    const message = refusal({
      SLUICE_MASTER_KEY: 'hunter2',
      SLUICE_DATABASE_URL: 'mysql://root:hunter2@db/x',
      SLUICE_APPS: '{"google-sheets": {"clientSecret": "hunter2"',
      SLUICE_ROOT_KEY: 'hunter2 hunter2',
    });
    expect(message.split('\n')).to.have.lengthOf(4);
    expect(message).to.not.contain('hunter2');
  });

  it('take servers of logs by name, and a comma within a URL for what it is', () => {
    const text = 'eu1=mysql://root:a,b@db1:3306, eu2=postgres://x:y@db2/logs?options=a,b';
    expect(loadSettings({ SLUICE_LOG_SHARDS: text }, '/').logShards).to.deep.equal({
      eu1: 'mysql://root:a,b@db1:3306',
      eu2: 'postgres://x:y@db2/logs?options=a,b',
    });
    expect(loadSettings({}, '/').logShards).to.equal(undefined);
  });

  it('refuse servers of logs without a name, named twice, or without a URL, and repeat nothing of them', () => {
    for (const text of ['mysql://root:hunter2@db1', 'a=mysql://hunter2@x,a=mysql://hunter2@y', 'a=hunter2']) {
      expect(refusal({ SLUICE_LOG_SHARDS: text })).to.match(/^SLUICE_LOG_SHARDS is not usable: /).and.not.contain('hunter2');
    }
  });

  it('take master keys in base64 and in hex, and older ones after commas', () => {
    const base64 = Buffer.alloc(32, 7).toString('base64');
    const keys = `${base64},${Buffer.alloc(32, 8).toString('hex')}`;
    expect(loadSettings({ SLUICE_MASTER_KEY: keys }, '/').masterKey).to.equal(keys);
    expect(refusal({ SLUICE_MASTER_KEY: `${base64},c2hvcnQ=` })).to.contain('a key in it holds 5 bytes');
  });

  it('map origins to origins, and refuse what is more than an origin', () => {
    const endpoints = '{"https://api.twilio.com/": "http://127.0.0.1:4010"}';
    expect(loadSettings({ SLUICE_ENDPOINTS: endpoints }, '/').endpoints).to.deep.equal({
      'https://api.twilio.com': 'http://127.0.0.1:4010',
    });
    expect(refusal({ SLUICE_ENDPOINTS: '{"https://api.twilio.com/v1": "http://127.0.0.1"}' })).to.contain(
      '"https://api.twilio.com/v1" is no origin',
    );
  });

  it('take addresses and ranges for the egress guard', () => {
    expect(loadSettings({ SLUICE_EGRESS_ALLOW: '10.0.0.0/8, 127.0.0.1,::1' }, '/').egressAllow).to.deep.equal(
      ['10.0.0.0/8', '127.0.0.1/32', '::1/128'],
    );
    expect(refusal({ SLUICE_EGRESS_ALLOW: '10.0.0.0/33' })).to.contain('"10.0.0.0/33"');
  });

  it('read the apps of the operator from JSON, or from a YAML file', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-settings-'));
    writeFileSync(path.join(folder, 'apps.yaml'), 'google-sheets: { clientId: abc, clientSecret: def }\n');
    const expected = { 'google-sheets': { clientId: 'abc', clientSecret: 'def' } };
    expect(loadSettings({ SLUICE_APPS: 'apps.yaml' }, folder).apps).to.deep.equal(expected);
    expect(loadSettings({ SLUICE_APPS: JSON.stringify(expected) }, folder).apps).to.deep.equal(expected);
    expect(refusal({ SLUICE_APPS: 'none.yaml' })).to.contain('there is no file /nowhere/none.yaml');
  });

  it('split several folders of definitions at commas', () => {
    const [one, two] = [
      mkdtempSync(path.join(tmpdir(), 'sluice-a-')),
      mkdtempSync(path.join(tmpdir(), 'sluice-b-')),
    ];
    expect(loadSettings({ SLUICE_DEFINITIONS: `${one},${two}` }, '/').definitions).to.deep.equal([one, two]);
  });

  it('take a folder of objects as a path and as a URL, and any other URL as it is', () => {
    expect(loadSettings({ SLUICE_OBJECTS: 'my objects' }, '/srv').objects).to.equal('file:///srv/my%20objects');
    expect(loadSettings({ SLUICE_OBJECTS: 'file:///srv/objects?settle=PT1S' }, '/').objects).to.equal('file:///srv/objects?settle=PT1S');
    expect(loadSettings({ SLUICE_OBJECTS: 's3://bucket/prefix' }, '/').objects).to.equal('s3://bucket/prefix');
    expect(refusal({ SLUICE_OBJECTS: 's3://[' })).to.contain('SLUICE_OBJECTS=s3://[ is not usable: it is no URL');
    expect(loadSettings({}, '/').warehouse).to.equal('duckdb:');
    expect(refusal({ SLUICE_WAREHOUSE: 'a folder' })).to.contain('duckdb:?memory=1GB');
  });

  it('are compatible with databalancer, and with nothing else', () => {
    expect(loadSettings({ SLUICE_COMPAT: 'databalancer' }, '/').compat).to.equal('databalancer');
    expect(loadSettings({}, '/').compat).to.equal(undefined);
    expect(refusal({ SLUICE_COMPAT: 'splunk' })).to.contain('Accepted: databalancer');
  });

  it('want issuer and audience together', () => {
    expect(refusal({ SLUICE_OIDC_ISSUER: 'https://login.example.org' })).to.contain('SLUICE_OIDC_AUDIENCE');
  });

  it('that do not exist are named, with the nearest that does', () => {
    expect(unknownSettings({ SLUICE_DEFINTIONS: 'x', HOME: '/root', SLUICE_PORT: '1' })).to.deep.equal([
      'SLUICE_DEFINTIONS is not a setting of this version and has no effect. Did you mean SLUICE_DEFINITIONS?',
    ]);
  });
});
