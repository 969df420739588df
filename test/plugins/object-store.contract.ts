import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  keyProblem,
  ObjectStoreError,
  type Objects,
  type ObjectStore,
  type ObjectStoreFault,
} from '../../core/kernel/objects.ts';
import type { Plugin } from '../../core/kernel/plugin.ts';
import { rejection } from '../support/rejection.ts';

/** What the contract needs to know of a store, beside the plugin. */
export interface ObjectStoreStand {
  readonly plugin: Plugin;
  /** URL of a new and empty place, and of one that is not there. */
  emptyPlace(): Promise<string>;
  missingPlace(): Promise<string>;
}

export function objectStoreOf(plugin: Plugin): ObjectStore {
  if (plugin.type !== 'objectStore') throw new Error(`${plugin.name} is no object store.`);
  return plugin;
}

/** Fails unless the promise ends with an ObjectStoreError of this fault. */
export async function refusedObject(
  fault: ObjectStoreFault,
  promise: Promise<unknown>,
): Promise<ObjectStoreError> {
  const error = await rejection(promise);
  expect(error, error.stack).to.be.instanceOf(ObjectStoreError);
  expect((error as ObjectStoreError).fault, error.message).to.equal(fault);
  return error as ObjectStoreError;
}

export async function contentOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

export async function keysIn(objects: Objects, prefix = '', limit = 1000): Promise<string[]> {
  const keys: string[] = [];
  for (let after: string | undefined; ; after = keys.at(-1)) {
    const page = await objects.list(prefix, { limit, ...(after !== undefined && { after }) });
    keys.push(...page.map(({ key }) => key));
    if (page.length < limit) return keys;
  }
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function* inPieces(...texts: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    if (text instanceof Error) throw text;
    yield bytes(text);
  }
}

/** What every store for objects keeps to. */
export function objectStoreContract(stand: ObjectStoreStand): void {
  const store = objectStoreOf(stand.plugin);
  let objects: Objects;
  let scratch: string;
  beforeEach(async () => {
    objects = store.open(await stand.emptyPlace());
    scratch = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  });
  afterEach(async () => {
    await objects.close();
    await rm(scratch, { recursive: true, force: true });
  });

  describe(`${store.name}: an object`, () => {
    it('is read as it was put', async () => {
      const put = await objects.put('a/b/c.csv', bytes('id,n\n1,2\n'));
      expect(put).to.include({ key: 'a/b/c.csv', size: 9 });
      expect(await objects.head('a/b/c.csv')).to.deep.equal(put);
      expect(await objects.list('', { limit: 10 })).to.deep.equal([put]);
      expect(await contentOf(objects.read('a/b/c.csv'))).to.equal('id,n\n1,2\n');
      expect(await contentOf(objects.read('a/b/c.csv', { etag: put.etag }))).to.equal('id,n\n1,2\n');
    });

    it('is put in pieces, also in none and in large ones', async () => {
      const large = 'x'.repeat(3_000_000);
      expect(await objects.put('pieces', inPieces('a', '', large, 'b'))).to.have.property('size', 3_000_002);
      expect(await contentOf(objects.read('pieces'))).to.equal(`a${large}b`);
      expect(await objects.put('empty', inPieces())).to.have.property('size', 0);
      expect(await contentOf(objects.read('empty'))).to.equal('');
    });

    it('has the same etag for the same content, and another one for other content', async () => {
      const etags = [];
      for (const text of ['one', 'two', 'one', 'One']) etags.push((await objects.put('k', bytes(text))).etag);
      expect(etags[2]).to.equal(etags[0]);
      expect(new Set(etags).size).to.equal(3);
      const head = await objects.head('k');
      expect(head?.etag).to.equal(etags[3]);
    });

    it('is not there while it is written, nor when the writer fails', async () => {
      async function* watched(): AsyncGenerator<Uint8Array> {
        yield bytes('half');
        expect(await objects.head('new')).to.equal(undefined);
        expect(await keysIn(objects)).to.deep.equal([]);
        yield bytes(' and half');
      }
      await objects.put('new', watched());
      expect(await contentOf(objects.read('new'))).to.equal('half and half');
      const error = await rejection(objects.put('new', inPieces('other', new Error('torn'))));
      expect(error.message).to.equal('torn');
      await rejection(objects.put('never', inPieces('other', new Error('torn'))));
      expect(await contentOf(objects.read('new'))).to.equal('half and half');
      expect(await keysIn(objects)).to.deep.equal(['new']);
    });

    it('is replaced by a later one, but not by one that is put where there is none', async () => {
      await objects.put('k', bytes('first'), { ifAbsent: true });
      await refusedObject('exists', objects.put('k', bytes('second'), { ifAbsent: true }));
      expect(await contentOf(objects.read('k'))).to.equal('first');
      await objects.put('k', bytes('third'));
      expect(await contentOf(objects.read('k'))).to.equal('third');
    });

    it('is put once by many who put it where there is none', async () => {
      const attempts = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => objects.put('k', bytes(`by ${index}`), { ifAbsent: true })),
      );
      const won = attempts.findIndex(({ status }) => status === 'fulfilled');
      expect(attempts.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      expect(await contentOf(objects.read('k'))).to.equal(`by ${won}`);
    });

    it('is whole for its readers while others replace it', async () => {
      const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(400_000));
      await objects.put('k', bytes(texts[0]!));
      const writing = Promise.all(texts.map((text) => objects.put('k', bytes(text))));
      for (let turn = 0; turn < 10; turn++) expect(texts).to.include(await contentOf(objects.read('k')));
      await writing;
    });

    it('of another version than the one asked for is not read', async () => {
      const { etag } = await objects.put('k', bytes('first'));
      await objects.put('k', bytes('other'));
      const error = await refusedObject('changed', contentOf(objects.read('k', { etag })));
      expect(error.message).to.contain('"k"');
    });

    it('is deleted, and deleting it again is fine', async () => {
      await objects.put('a/k', bytes('x'));
      await objects.delete('a/k');
      await objects.delete('a/k');
      await objects.delete('a/b/never');
      expect(await objects.head('a/k')).to.equal(undefined);
      await refusedObject('not_found', contentOf(objects.read('a/k')));
      await objects.put('a/k', bytes('y'));
      expect(await keysIn(objects)).to.deep.equal(['a/k']);
    });

    it('stops being read when nobody wants it any more', async () => {
      await objects.put('k', bytes('x'.repeat(2_000_000)));
      const controller = new AbortController();
      const reading = (async () => {
        for await (const _ of objects.read('k', { signal: controller.signal })) controller.abort();
      })();
      expect(await rejection(reading)).to.have.property('name', 'AbortError');
    });
  });

  describe(`${store.name}: files`, () => {
    it('are objects for as long as they are used, in the order asked for', async () => {
      await objects.put('a', bytes('1'));
      await objects.put('b/c', bytes('2'));
      const texts = await objects.withFiles(['b/c', 'a'], (paths) =>
        Promise.all(paths.map((path) => readFile(path, 'utf8'))),
      );
      expect(texts).to.deep.equal(['2', '1']);
      expect(await objects.withFiles([], async (paths) => paths.length)).to.equal(0);
      const error = await refusedObject(
        'not_found',
        objects.withFiles(['a', 'gone'], async () => undefined),
      );
      expect(error.message).to.contain('"gone"');
    });

    it('are taken over as objects', async () => {
      const file = join(scratch, 'made.parquet');
      const make = (text: string): Promise<void> => writeFile(file, text);
      await make('made');
      const put = await objects.putFile('x/made', file);
      expect(put).to.include({ key: 'x/made', size: 4 });
      expect(put).to.deep.equal(await objects.head('x/made'));
      expect(put.etag).to.equal((await objects.put('same', bytes('made'))).etag);
      expect(await rejection(stat(file))).to.have.property('code', 'ENOENT');
      await make('second');
      await refusedObject('exists', objects.putFile('x/made', file, { ifAbsent: true }));
      expect(await contentOf(objects.read('x/made'))).to.equal('made');
    });
  });

  describe(`${store.name}: listing`, () => {
    const put = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) await objects.put(key, bytes(key));
    };
    const sorted = (keys: readonly string[]): string[] =>
      [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

    it('is in the order of the bytes of keys, whatever folders they lie in', async () => {
      const keys = [
        'a/b',
        'a-b',
        'a.csv',
        'a0',
        'a/b-/x',
        'a/b0',
        'B',
        'ä',
        'é/x',
        '\u{1F600}',
        '\u{FF5E}',
        'z z',
        '~',
      ];
      await put(...keys);
      expect(await keysIn(objects)).to.deep.equal(sorted(keys));
      for (const limit of [1, 2, 3]) expect(await keysIn(objects, '', limit)).to.deep.equal(sorted(keys));
    });

    it('begins with a prefix, which may end anywhere', async () => {
      await put('orders/dt=1/a', 'orders/dt=1/b', 'orders/dt=10/a', 'orders/dt=2/a', 'orders2/a', 'order');
      expect(await keysIn(objects, 'orders/dt=1')).to.deep.equal([
        'orders/dt=1/a',
        'orders/dt=1/b',
        'orders/dt=10/a',
      ]);
      expect(await keysIn(objects, 'orders/dt=1/')).to.deep.equal(['orders/dt=1/a', 'orders/dt=1/b']);
      expect(await keysIn(objects, 'orders')).to.have.length(5);
      expect(await keysIn(objects, 'orders/dt=1/a')).to.deep.equal(['orders/dt=1/a']);
      expect(await keysIn(objects, 'orders/dt=1/a/')).to.deep.equal([]);
      expect(await keysIn(objects, 'nowhere/at/all')).to.deep.equal([]);
    });

    it('goes on behind any key, there or not', async () => {
      await put('a/1', 'a/2', 'a/3', 'b');
      const after = async (key: string): Promise<readonly string[]> =>
        (await objects.list('', { after: key, limit: 10 })).map((info) => info.key);
      expect(await after('a/1')).to.deep.equal(['a/2', 'a/3', 'b']);
      expect(await after('a/15')).to.deep.equal(['a/2', 'a/3', 'b']);
      expect(await after('a')).to.deep.equal(['a/1', 'a/2', 'a/3', 'b']);
      expect(await after('a/3')).to.deep.equal(['b']);
      expect(await after('a0')).to.deep.equal(['b']);
      expect(await after('b')).to.deep.equal([]);
      expect(await objects.list('', { limit: 0 })).to.deep.equal([]);
    });

    it('gives every object once, for any keys, prefix and size of pages', async function () {
      this.timeout(60_000);
      const name = fc.stringMatching(/^[ab0é-][ab.é-]{0,2}$/);
      const tree = fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 3 }), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(
          tree,
          fc.nat({ max: 4 }),
          fc.integer({ min: 1, max: 5 }),
          async (paths, cut, limit) => {
            const all = [...new Set(paths.map((path) => path.join('/')))];
            // A folder cannot hold an object that is a folder as well, and no store has to.
            const keys = all.filter((key) => !all.some((other) => other.startsWith(`${key}/`)));
            const place = store.open(await stand.emptyPlace());
            for (const key of keys) await place.put(key, bytes(key));
            const prefix = (keys[0] ?? '').slice(0, cut);
            const expected = sorted(keys.filter((key) => key.startsWith(prefix)));
            expect(await keysIn(place, prefix, limit)).to.deep.equal(expected);
            await place.close();
          },
        ),
        { numRuns: 40 },
      );
    });
  });

  describe(`${store.name}: settling`, () => {
    it('takes no time for what was put as a whole, or is not there', async () => {
      await objects.put('a/k', bytes('x'));
      for (const prefix of ['', 'a/', 'a/k', 'nowhere/']) expect(await objects.settling(prefix)).to.equal(undefined);
    });
  });

  describe(`${store.name}: from the outside`, () => {
    it('has an address for what begins with a prefix, which is ready for others once it was prepared', async () => {
      const address = objects.addressOf('landing/a/');
      expect(objects.addressOf('landing/a')).to.equal(address);
      expect(address).to.match(/^(\/|[a-z0-9]+:\/\/)/).and.to.contain('landing/a');
      await objects.prepare('landing/a/');
      await objects.prepare('landing/a/');
      await objects.prepare('');
      expect(await keysIn(objects)).to.deep.equal([]);
      for (const prefix of ['../', 'a//', '.a/']) await refusedObject('invalid_key', objects.prepare(prefix));
    });
  });

  describe(`${store.name}: refusing`, () => {
    it('keys that are none, with the reason', async () => {
      const longest = `${'n'.repeat(255)}/`.repeat(4).slice(0, -1);
      expect(keyProblem(longest)).to.equal(undefined);
      const wrong = [
        '',
        '/',
        '/etc/passwd',
        'a//b',
        'a/',
        '.',
        '..',
        '../x',
        'a/../b',
        'a/./b',
        '.hidden',
        'a/.b',
      ];
      const more = [
        'a\\b',
        'a\0b',
        'a\nb',
        'a\u007f',
        '\ud800',
        'n'.repeat(256),
        `${longest}/x`,
        'é'.repeat(128),
      ];
      for (const key of [...wrong, ...more]) {
        for (const attempt of [
          () => objects.put(key, bytes('x')),
          () => objects.head(key),
          () => objects.delete(key),
          () => contentOf(objects.read(key)),
          () => objects.withFiles([key], async () => undefined),
        ]) {
          const error = await refusedObject('invalid_key', attempt());
          expect(error.message).to.contain(key);
        }
      }
      for (const prefix of ['/', '../', '..', 'a//', 'a/../b', '.', 'a\0']) {
        await refusedObject('invalid_key', objects.list(prefix, { limit: 1 }));
        await refusedObject('invalid_key', objects.settling(prefix));
      }
      expect(await keysIn(objects)).to.deep.equal([]);
    });

    it('to work where the place is not there', async () => {
      const nowhere = store.open(await stand.missingPlace());
      for (const attempt of [
        () => nowhere.list('', { limit: 1 }),
        () => nowhere.prepare('a/'),
        () => nowhere.settling(''),
        () => nowhere.head('k'),
        () => nowhere.put('k', bytes('x')),
        () => nowhere.delete('k'),
        () => contentOf(nowhere.read('k')),
      ]) {
        await refusedObject('unavailable', attempt());
      }
      await nowhere.close();
    });
  });
}
