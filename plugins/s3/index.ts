import { definePlugin } from '../../core/sdk.ts';
import { parseAddress } from './address.ts';
import { S3Objects } from './s3-objects.ts';

export default definePlugin({
  type: 'objectStore',
  name: 's3',
  summary: 'Objects of a bucket in S3, or in a server that speaks its protocol. Credentials are found as AWS’s own tools find them.',
  protocols: ['s3:'],
  example: 's3://bucket/prefix?region=eu-central-1',
  open: (url) => new S3Objects(parseAddress(url)),
});
