import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import { masterKey, masterKeysFrom, parseMasterKeys } from '../../db/master-key.ts';
import { Vault, rotateDataKeys, type WrappedKey } from '../../db/vault.ts';
import { rejection } from '../support/rejection.ts';
import { testDatabase } from '../support/database.ts';

const TEXT = 'secret: käse 🧀 \u0000';

describe('Vault', () => {
  const [first, second] = [masterKey(randomBytes(32)), masterKey(randomBytes(32))];
  const vault = new Vault([first]);
  const [tenant, other] = [uuid7(), uuid7()];
  const key = vault.newDataKey(tenant);
  const place = ['connections.secrets', uuid7()];

  it('opens what it sealed, exactly', () => {
    expect(vault.unseal(tenant, key, place, vault.seal(tenant, key, place, TEXT))).to.equal(TEXT);
  });

  it('seals the same text differently each time, and shows nothing of it', () => {
    const [one, two] = [vault.seal(tenant, key, place, TEXT), vault.seal(tenant, key, place, TEXT)];
    expect(one.equals(two)).to.equal(false);
    expect(one.includes('secret')).to.equal(false);
  });

  it('does not open in another place: another connection, another column, parts cut otherwise', () => {
    const sealed = vault.seal(tenant, key, place, TEXT);
    const elsewhere = [
      ['connections.secrets', uuid7()],
      ['connections.tokens', place[1]!],
      [place.join('')],
      [...place, ''],
    ];
    for (const wrong of elsewhere) {
      expect(() => vault.unseal(tenant, key, wrong, sealed), wrong.join('|')).to.throw('cannot be opened');
    }
  });

  it('does not open for another tenant, even with the data key copied to its row', () => {
    const sealed = vault.seal(tenant, key, place, TEXT);
    expect(() => vault.unseal(other, vault.newDataKey(other), place, sealed)).to.throw('cannot be opened');
    expect(() => vault.unseal(other, key, place, sealed)).to.throw('cannot be opened');
  });

  it('does not open when any byte was changed, and says which version it does not know', () => {
    const sealed = vault.seal(tenant, key, place, 'x');
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => vault.unseal(tenant, key, place, changed), String(at)).to.throw('cannot be opened');
    }
    expect(() => vault.unseal(tenant, key, place, sealed.subarray(0, 20))).to.throw('too short');
    const future = Buffer.concat([Buffer.of(2), sealed.subarray(1)]);
    expect(() => vault.unseal(tenant, key, place, future)).to.throw('version is 2');
  });

  it('never repeats a secret in an error', () => {
    const sealed = vault.seal(tenant, key, place, TEXT);
    expect(() => vault.unseal(tenant, key, ['connections.secrets'], sealed))
      .to.throw()
      .with.property('message')
      .that.does.not.include('käse');
  });

  it('names the master key that is missing, and where to give it', () => {
    expect(() => new Vault([second]).seal(tenant, key, place, TEXT))
      .to.throw(first.id)
      .and.match(/SLUICE_MASTER_KEY/);
  });

  it('opens under a new master key what was sealed under the old one, once wrapped again', () => {
    const sealed = vault.seal(tenant, key, place, TEXT);
    const both = new Vault([second, first]);
    const again = both.wrapDataKey(tenant, both.unwrapDataKey(tenant, key));
    expect(again.masterKeyId).to.equal(second.id);
    expect(new Vault([second]).unseal(tenant, again, place, sealed)).to.equal(TEXT);
  });

  it('serves more tenants than it keeps open', () => {
    const many = Array.from({ length: 1100 }, () => uuid7()).map((id) => ({ id, key: vault.newDataKey(id) }));
    const sealed = many.map(({ id, key }) => vault.seal(id, key, place, id));
    const opened = many.map(({ id, key }, i) => vault.unseal(id, key, place, sealed[i]!));
    expect(opened).to.deep.equal(many.map(({ id }) => id));
  });

  it("rotates all tenants' keys; a second rotation finds nothing to do", async () => {
    const test = await testDatabase();
    try {
      const rows = [uuid7(), uuid7()].map((id) => ({ id, wrapped: vault.newDataKey(id) }));
      for (const { id, wrapped } of rows) {
        const values = [id, wrapped.dataKey, wrapped.masterKeyId];
        const insert = "INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'a', $2, $3)";
        await test.db.engine.query(insert, values);
      }
      const sealed = vault.seal(rows[0]!.id, rows[0]!.wrapped, place, TEXT);
      const both = new Vault([second, first]);
      const changed = await Promise.all([
        rotateDataKeys(test.db.engine, both),
        rotateDataKeys(test.db.engine, both),
      ]);
      expect(changed[0] + changed[1]).to.equal(2);
      expect(await rotateDataKeys(test.db.engine, both)).to.equal(0);
      const { rows: after } = await test.db.engine.query<WrappedKey>(
        'SELECT data_key AS "dataKey", master_key_id AS "masterKeyId" FROM tenants WHERE id = $1',
        [rows[0]!.id],
      );
      expect(new Vault([second]).unseal(rows[0]!.id, after[0]!, place, sealed)).to.equal(TEXT);
    } finally {
      await test.drop();
    }
  });
});

describe('master keys', () => {
  const key = randomBytes(32);

  it('are read from base64, base64url without padding, and hexadecimal', () => {
    for (const text of [
      key.toString('base64'),
      key.toString('base64url'),
      key.toString('hex'),
      ` ${key.toString('hex')}\n`,
    ]) {
      expect(parseMasterKeys(text, 'SLUICE_MASTER_KEY')).to.deep.equal([masterKey(key)]);
    }
  });

  it('may be several, the current one first', () => {
    const old = randomBytes(32);
    const keys = parseMasterKeys(`${key.toString('hex')},${old.toString('base64')}`, 'SLUICE_MASTER_KEY');
    expect(keys.map(({ id }) => id)).to.deep.equal([masterKey(key).id, masterKey(old).id]);
  });

  it('are refused where they are too short, too long, or missing, without being repeated', () => {
    for (const text of [
      '',
      'hunter2hunter2',
      `${key.toString('hex')}00`,
      randomBytes(31).toString('base64'),
    ]) {
      const read = (): unknown => parseMasterKeys(text, 'SLUICE_MASTER_KEY');
      expect(read)
        .to.throw('SLUICE_MASTER_KEY')
        .and.match(/32 bytes/);
      if (text) expect(read).to.throw().with.property('message').that.does.not.include(text);
    }
  });

  describe('in a file', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    });
    after(() => rm(folder, { recursive: true }));

    it('are made once, for their owner only, though two ask at a time', async () => {
      const file = join(folder, 'master.key');
      const [one, two] = await Promise.all([masterKeysFrom(file), masterKeysFrom(file)]);
      expect(one).to.deep.equal(two);
      expect(await masterKeysFrom(file)).to.deep.equal(one);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      expect(await readFile(file, 'utf8')).to.equal(`${one[0].key.toString('base64')}\n`);
    });

    it('are never replaced where the file is damaged', async () => {
      const file = join(folder, 'damaged.key');
      await writeFile(file, '');
      const error = await rejection(masterKeysFrom(file));
      expect(error.message).to.include(file);
      expect(await readFile(file, 'utf8')).to.equal('');
    });
  });
});
