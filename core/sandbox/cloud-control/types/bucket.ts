import { Type } from 'typebox';
import { Tags, textOf } from './type.ts';
import type { ResourceType } from './type.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html, its commonest part. */
export const BUCKET: ResourceType = {
  name: 'AWS::S3::Bucket',
  identifier: 'BucketName',
  reach: 'everywhere',
  model: Type.Object(
    {
      BucketName: Type.String({ minLength: 3, maxLength: 63, pattern: '^[a-z0-9][a-z0-9.-]*[a-z0-9]$' }),
      BucketEncryption: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      OwnershipControls: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      PublicAccessBlockConfiguration: Type.Optional(
        Type.Object(
          {
            BlockPublicAcls: Type.Optional(Type.Boolean()),
            BlockPublicPolicy: Type.Optional(Type.Boolean()),
            IgnorePublicAcls: Type.Optional(Type.Boolean()),
            RestrictPublicBuckets: Type.Optional(Type.Boolean()),
          },
          { additionalProperties: false },
        ),
      ),
      VersioningConfiguration: Type.Optional(
        Type.Object({ Status: Type.Enum(['Enabled', 'Suspended']) }, { additionalProperties: false }),
      ),
      Tags: Type.Optional(Tags),
    },
    { additionalProperties: false },
  ),
  createOnly: ['BucketName'],
  seconds: { create: 2, update: 1, delete: 1 },
  create(desired, { region }) {
    const name = textOf(desired, 'BucketName') ?? '';
    return {
      BucketName: name,
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
      WebsiteURL: `http://${name}.s3-website.${region}.amazonaws.com`,
    };
  },
};
