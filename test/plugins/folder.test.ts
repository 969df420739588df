import {
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import plugin from '../../plugins/folder/index.ts';
import type { Objects } from '../../core/kernel/objects.ts';
import {
  contentOf,
  keysIn,
  objectStoreContract,
  objectStoreOf,
  refusedObject,
} from './object-store.contract.ts';

const store = objectStoreOf(plugin);

describe('the store of objects in a folder', () => {
  let parent: string;
  let count = 0;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  });
  after(() => rm(parent, { recursive: true, force: true }));

  async function folder(): Promise<string> {
    const path = join(parent, `place ${count++} #1%`);
    await mkdir(path);
    return path;
  }

  objectStoreContract({
    plugin,
    emptyPlace: async () => pathToFileURL(await folder()).href,
    missingPlace: async () => pathToFileURL(join(parent, 'missing')).href,
  });

  describe('its URL', () => {
    it('is a file: URL or a plain path', async () => {
      const place = await folder();
      for (const url of [place, pathToFileURL(place).href, `${pathToFileURL(place).href}?settle=PT1M`]) {
        const objects = store.open(url);
        expect(objects.location).to.equal(`the folder ${place}`);
        expect(await keysIn(objects)).to.deep.equal([]);
      }
    });

    it('is refused with what is wrong', () => {
      const wrong: Readonly<Record<string, string>> = {
        'file://host/share': 'no host',
        'file:relative/path': 'absolute path',
        'file:///x?settle=5s': 'settle=5s is no duration',
        'file:///x?wait=PT5S': 'parameter "wait"',
      };
      for (const [url, message] of Object.entries(wrong))
        expect(() => store.open(url), url).to.throw(message);
    });
  });

  describe('files that others drop', () => {
    let place: string;
    let objects: Objects;
    beforeEach(async () => {
      place = await folder();
      objects = store.open(`${pathToFileURL(place).href}?settle=PT1H`);
    });

    it('are not there while they are written, and once they are renamed or have their time they are', async () => {
      const growing = await open(join(place, 'growing.csv'), 'w');
      await growing.write('id\n1');
      expect(await keysIn(objects)).to.deep.equal([]);
      expect(await objects.head('growing.csv')).to.equal(undefined);
      await refusedObject('not_found', contentOf(objects.read('growing.csv')));
      await growing.write('0\n');
      await growing.close();
      expect(await keysIn(objects)).to.deep.equal([]);
      await rename(join(place, 'growing.csv'), join(place, 'grown.csv'));
      expect(await keysIn(objects)).to.deep.equal(['grown.csv']);
      await writeFile(join(place, 'copied.csv'), 'id\n1\n');
      await utimes(join(place, 'copied.csv'), 1, 1);
      expect(await keysIn(objects)).to.deep.equal(['copied.csv', 'grown.csv']);
    });

    it('are there when they were left alone for the time to settle', async function () {
      this.timeout(10_000);
      const hasty = store.open(`${pathToFileURL(place).href}?settle=PT0.05S`);
      await writeFile(join(place, 'left.csv'), 'id\n1\n');
      while ((await keysIn(hasty)).length === 0) await new Promise(setImmediate);
      expect(await contentOf(hasty.read('left.csv'))).to.equal('id\n1\n');
      expect(await keysIn(objects)).to.deep.equal([]);
    });

    it('say for how long they must be left alone, until they are whole', async () => {
      await mkdir(join(place, 'a'));
      for (const name of ['a/growing', 'a/grown']) await writeFile(join(place, name), 'id\n1\n');
      for (const prefix of ['', 'a/', 'a/growing'])
        expect(await objects.settling(prefix)).to.be.within(1, 3_600_000);
      expect(await objects.settling('b/')).to.equal(undefined);
      await rename(join(place, 'a/grown'), join(place, 'a/whole'));
      expect(await objects.settling('a/w')).to.equal(undefined);
      expect(await objects.settling('a/')).to.be.within(1, 3_600_000);
    });

    it('have the same etag when they are dropped again, and another one for as many other bytes', async () => {
      const drop = async (text: string): Promise<string | undefined> => {
        await writeFile(join(place, 'new'), text);
        await utimes(join(place, 'new'), 1, 1);
        await rename(join(place, 'new'), join(place, 'k'));
        return (await objects.head('k'))?.etag;
      };
      const first = await drop('aaa');
      expect(first).to.be.a('string');
      expect(await drop('bbb')).to.not.equal(first);
      expect(await drop('aaa')).to.equal(first);
      expect((await objects.put('put', Buffer.from('aaa'))).etag).to.equal(first);
    });

    it('that change while they are read are not taken for what they were', async () => {
      const half = 'x'.repeat(400_000);
      const { etag } = await objects.put('k', Buffer.from(half + half));
      const reading = (async () => {
        for await (const _ of objects.read('k', { etag })) {
          const file = await open(join(place, 'k'), 'r+');
          await file.write('y', 700_000);
          await file.close();
        }
      })();
      await refusedObject('changed', reading);
    });

    it('are not objects where they have names that no key has', async () => {
      for (const name of ['.orders.csv.x7Gz', 'a\\b', 'a\nb']) {
        await writeFile(join(place, name), 'x');
        await utimes(join(place, name), 1, 1);
      }
      await objects.put('k', Buffer.from('x'));
      expect(await keysIn(objects)).to.deep.equal(['k']);
    });
  });

  describe('links', () => {
    it('are not followed, in the place of an object or on the way to it', async () => {
      const [place, outside] = [await folder(), await folder()];
      await writeFile(join(outside, 'secret'), 'secret');
      await utimes(join(outside, 'secret'), 1, 1);
      await symlink(join(outside, 'secret'), join(place, 'file'));
      await symlink(outside, join(place, 'way'));
      const objects = store.open(place);
      expect(await keysIn(objects)).to.deep.equal([]);
      expect(await keysIn(objects, 'way/')).to.deep.equal([]);
      for (const key of ['file', 'way/secret']) {
        expect(await objects.head(key)).to.equal(undefined);
        await refusedObject('not_found', contentOf(objects.read(key)));
        await refusedObject(
          'not_found',
          objects.withFiles([key], async () => undefined),
        );
      }
      await refusedObject('denied', objects.put('way/new', Buffer.from('x')));
      await objects.delete('way/secret');
      await objects.put('file', Buffer.from('own'));
      expect((await readdir(outside)).length).to.equal(1);
      expect(await contentOf(store.open(outside).read('secret'))).to.equal('secret');
      expect(await contentOf(objects.read('file'))).to.equal('own');
    });

    it('may be the folder itself', async () => {
      const place = await folder();
      await symlink(place, join(parent, 'named'));
      const objects = store.open(join(parent, 'named'));
      await objects.put('a/k', Buffer.from('x'));
      expect(await keysIn(objects)).to.deep.equal(['a/k']);
      expect(await keysIn(store.open(place))).to.deep.equal(['a/k']);
    });
  });

  describe('trouble', () => {
    it('with a key that is the begin of another one is told', async () => {
      const objects = store.open(await folder());
      await objects.put('a/b', Buffer.from('x'));
      await refusedObject('invalid_key', objects.put('a', Buffer.from('x')));
      await refusedObject('invalid_key', objects.put('a/b/c', Buffer.from('x')));
      expect(await objects.head('a')).to.equal(undefined);
      expect(await objects.head('a/b/c')).to.equal(undefined);
      await objects.delete('a');
      await objects.delete('a/b/c');
      expect(await keysIn(objects)).to.deep.equal(['a/b']);
    });

    it('leaves nothing behind: not of a failed write, nor of a process that was killed a day ago', async () => {
      const place = await folder();
      const incoming = join(place, '.incoming');
      await mkdir(incoming);
      for (const name of ['young', 'old']) await writeFile(join(incoming, name), 'x');
      await utimes(join(incoming, 'old'), 1, 1);
      const objects = store.open(place);
      await objects.put('k', Buffer.from('x'));
      await refusedObject('exists', objects.put('k', Buffer.from('x'), { ifAbsent: true }));
      expect(await readdir(incoming)).to.deep.equal(['young']);
    });

    it('of a folder larger than what is held at a time is none', async function () {
      this.timeout(60_000);
      const place = await folder();
      await writeFile(join(place, 'one'), 'x');
      await utimes(join(place, 'one'), 1, 1);
      await mkdir(join(place, 'many'));
      const names = Array.from(
        { length: 10_500 },
        (_, index) => `many/${String((index * 7919) % 10_500).padStart(5, '0')}`,
      );
      for (const name of names) await link(join(place, 'one'), join(place, name));
      const objects = store.open(place);
      expect(await keysIn(objects, 'many/', 6000)).to.deep.equal([...names].sort());
    });
  });
});
