import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import type { Objects } from '../../core/kernel/objects.ts';
import plugin from '../../plugins/s3/index.ts';
import { S3_KEYS, startS3, type S3Server } from '../support/s3-server.ts';
import { contentOf, keysIn, objectStoreContract, objectStoreOf, refusedObject } from './object-store.contract.ts';

const store = objectStoreOf(plugin);
const MB = 1024 * 1024;

describe('the store of objects in S3', () => {
  const found = { ...process.env };
  let server: S3Server;
  before(async () => {
    server = await startS3();
    process.env['AWS_ACCESS_KEY_ID'] = S3_KEYS.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = S3_KEYS.secretAccessKey;
    process.env['AWS_REGION'] = 'eu-central-1';
  });
  after(async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']) {
      if (found[name] === undefined) delete process.env[name];
      else process.env[name] = found[name];
    }
    await server.close();
  });
  afterEach(() => server.meet(undefined));

  const addressOf = (place: string): string => `s3://${place}?endpoint=${encodeURIComponent(server.url)}`;
  const inBucket = async (work: (objects: Objects) => Promise<void>): Promise<void> => {
    const objects = store.open(addressOf(`${server.bucket()}/some/where`));
    try {
      await work(objects);
    } finally {
      await objects.close();
    }
  };

  objectStoreContract({
    plugin,
    emptyPlace: async () => addressOf(`${server.bucket()}/some/where/`),
    missingPlace: async () => addressOf('no-such-bucket'),
  });

  describe('s3: its own', () => {
    it('keeps to its prefix, and passes over what is no key', () =>
      inBucket(async (objects) => {
        const address = objects.addressOf('').replace(/\/some\/where\/?$/, '');
        const whole = store.open(`${address}?endpoint=${encodeURIComponent(server.url)}`);
        await whole.put('some/where/a', Buffer.from('1'));
        await whole.put('some/wherever', Buffer.from('2'));
        await whole.put('other', Buffer.from('3'));
        expect(await keysIn(objects)).to.deep.equal(['a']);
        expect(await keysIn(whole)).to.deep.equal(['other', 'some/where/a', 'some/wherever']);
        await whole.close();
      }));

    it('puts what is large in parts, with the same etag however it came', () =>
      inBucket(async (objects) => {
        const large = Buffer.alloc(20 * MB, 'abc');
        async function* pieces(size: number): AsyncGenerator<Uint8Array> {
          for (let at = 0; at < large.length; at += size) yield large.subarray(at, at + size);
        }
        const whole = await objects.put('whole', large);
        expect(whole.size).to.equal(large.length);
        expect((await objects.put('pieces', pieces(3 * MB + 1))).etag).to.equal(whole.etag);
        expect(await objects.head('pieces')).to.include({ etag: whole.etag, size: large.length });
        expect(Buffer.from(await contentOf(objects.read('pieces'))).equals(large)).to.equal(true);
        await refusedObject('exists', objects.put('whole', pieces(5 * MB), { ifAbsent: true }));
        expect(server.openUploads()).to.equal(0);
      }));

    it('gives up the parts of what fails on its way', () =>
      inBucket(async (objects) => {
        async function* torn(): AsyncGenerator<Uint8Array> {
          yield Buffer.alloc(17 * MB);
          throw new Error('torn');
        }
        await objects.put('k', torn()).then(
          () => expect.fail('it was put'),
          (error: Error) => expect(error.message).to.equal('torn'),
        );
        expect(server.openUploads()).to.equal(0);
        expect(await keysIn(objects)).to.deep.equal([]);
      }));

    it('sends a write again that another one has disturbed', () =>
      inBucket(async (objects) => {
        let times = 0;
        server.meet((request) => (request.startsWith('PUT') && times++ < 2 ? { status: 409, code: 'ConditionalRequestConflict' } : undefined));
        await objects.put('k', Buffer.from('x'), { ifAbsent: true });
        expect(times).to.equal(3);
        expect(await contentOf(objects.read('k'))).to.equal('x');
      }));

    it('does not take its own write, whose answer was lost, for another one', () =>
      inBucket(async (objects) => {
        let times = 0;
        server.meet((request) => (request.startsWith('PUT') && times++ === 0 ? 'lost' : undefined));
        const error = await refusedObject('unavailable', objects.put('k', Buffer.from('x'), { ifAbsent: true }));
        expect(error.message).to.contain('Whether "k" was written is not known');
        expect(times).to.equal(2);
      }));

    it('says what is denied, what is away, and what was cut', () =>
      inBucket(async (objects) => {
        await objects.put('k', Buffer.alloc(MB));
        server.meet(() => ({ status: 403, code: 'AccessDenied' }));
        const denied = await refusedObject('denied', objects.put('k', Buffer.from('x')));
        expect(denied.message).to.match(/^Writing "k" in the bucket bucket-\d+ under some\/where\/: .*\(403\)\. It has to list the bucket/);
        await refusedObject('denied', objects.head('k'));
        server.meet(() => ({ status: 503, code: 'SlowDown' }));
        await refusedObject('unavailable', objects.list('', { limit: 1 }));
        server.meet(() => 'cut');
        await refusedObject('unavailable', contentOf(objects.read('k')));
        server.meet((request) => (request.startsWith('GET') ? 'cutBody' : undefined));
        await refusedObject('unavailable', contentOf(objects.read('k')));
      }));

    it('leaves no file behind where one of several cannot be had', () =>
      inBucket(async (objects) => {
        const left = async (): Promise<string[]> => (await readdir(tmpdir())).filter((name) => name.startsWith('sluice-objects-'));
        const others = new Set(await left());
        for (const key of ['a', 'b', 'c', 'd', 'e']) await objects.put(key, Buffer.alloc(MB));
        await refusedObject('not_found', objects.withFiles(['a', 'b', 'gone', 'c', 'd', 'e'], async () => undefined));
        expect((await left()).filter((name) => !others.has(name))).to.deep.equal([]);
      }));

    it('is refused with a wrong secret', async () => {
      const secret = process.env['AWS_SECRET_ACCESS_KEY'];
      process.env['AWS_SECRET_ACCESS_KEY'] = 'not it';
      const objects = store.open(addressOf(server.bucket()));
      try {
        const error = await refusedObject('denied', objects.list('', { limit: 1 }));
        expect(error.message).to.contain('signature');
      } finally {
        process.env['AWS_SECRET_ACCESS_KEY'] = secret;
        await objects.close();
      }
    });

    for (const [address, said] of [
      ['s3:', 'is not of the form s3://bucket/prefix'],
      ['https://bucket/prefix', 'is not of the form s3://bucket/prefix'],
      ['s3://key:secret@bucket/', 'holds no credentials'],
      ['s3://bucket:9000/', 'SLUICE_S3_ENDPOINT'],
      ['s3://Bucket_1/', 'no name of a bucket'],
      ['s3://10.0.0.1/', 'no name of a bucket'],
      ['s3://bucket/a//b', 'cannot begin a key'],
      ['s3://bucket/?zone=1', 'has a parameter "zone"'],
      ['s3://bucket/?endpoint=minio', '"minio" is no endpoint'],
    ] as const) {
      it(`is not opened as ${address}`, () => expect(() => store.open(address)).to.throw(said));
    }
  });
});
