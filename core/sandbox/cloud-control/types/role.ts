import { Type } from 'typebox';
import { ACCOUNT_ID } from '../credentials.ts';
import { Tags, textOf } from './type.ts';
import type { ResourceType } from './type.ts';

const Document = Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.String()]);

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html */
export const ROLE: ResourceType = {
  name: 'AWS::IAM::Role',
  identifier: 'RoleName',
  reach: 'everywhere',
  model: Type.Object(
    {
      RoleName: Type.String({ minLength: 1, maxLength: 64, pattern: '^[\\w+=,.@-]+$' }),
      AssumeRolePolicyDocument: Document,
      Description: Type.Optional(Type.String({ maxLength: 1000 })),
      ManagedPolicyArns: Type.Optional(Type.Array(Type.String())),
      MaxSessionDuration: Type.Optional(Type.Integer({ minimum: 3600, maximum: 43_200 })),
      Path: Type.Optional(Type.String({ pattern: '^/(?:[!-~]*/)?$' })),
      PermissionsBoundary: Type.Optional(Type.String()),
      Policies: Type.Optional(
        Type.Array(
          Type.Object(
            { PolicyName: Type.String({ minLength: 1 }), PolicyDocument: Document },
            { additionalProperties: false },
          ),
        ),
      ),
      Tags: Type.Optional(Tags),
    },
    { additionalProperties: false },
  ),
  createOnly: ['RoleName', 'Path'],
  seconds: { create: 2.5, update: 1, delete: 1 },
  create(desired, { id }) {
    const name = textOf(desired, 'RoleName') ?? '';
    return {
      RoleName: name,
      Arn: `arn:aws:iam::${ACCOUNT_ID}:role${textOf(desired, 'Path') ?? '/'}${name}`,
      RoleId: id('AROA').replace('-', '').toUpperCase().slice(0, 21),
      Path: desired['Path'] ?? '/',
      MaxSessionDuration: desired['MaxSessionDuration'] ?? 3600,
    };
  },
};
