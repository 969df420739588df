import { Type } from 'typebox';
import { HandlerError } from '../errors.ts';
import { blockOf } from './cidr.ts';
import { SUBNET } from './subnet.ts';
import { Tags, textOf } from './type.ts';
import type { ResourceType } from './type.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html, without IPAM. */
export const VPC: ResourceType = {
  name: 'AWS::EC2::VPC',
  identifier: 'VpcId',
  reach: 'region',
  model: Type.Object(
    {
      CidrBlock: Type.String(),
      EnableDnsHostnames: Type.Optional(Type.Boolean()),
      EnableDnsSupport: Type.Optional(Type.Boolean()),
      InstanceTenancy: Type.Optional(Type.Enum(['default', 'dedicated', 'host'])),
      Tags: Type.Optional(Tags),
    },
    { additionalProperties: false },
  ),
  createOnly: ['CidrBlock'],
  seconds: { create: 3, update: 1, delete: 2 },
  create(desired, { id }) {
    blockOf(textOf(desired, 'CidrBlock') ?? '');
    return {
      VpcId: id('vpc'),
      DefaultNetworkAcl: id('acl'),
      DefaultSecurityGroup: id('sg'),
      CidrBlockAssociations: [id('vpc-cidr-assoc')],
      Ipv6CidrBlocks: [],
      // EC2's own values where the caller says nothing.
      EnableDnsHostnames: desired['EnableDnsHostnames'] ?? false,
      EnableDnsSupport: desired['EnableDnsSupport'] ?? true,
      InstanceTenancy: desired['InstanceTenancy'] ?? 'default',
    };
  },
  beforeDelete(identifier, neighbours) {
    if (!neighbours.all(SUBNET.name).some(({ properties }) => properties['VpcId'] === identifier)) return;
    throw new HandlerError(
      'InvalidRequest',
      `The vpc '${identifier}' has dependencies and cannot be deleted. (Service: Ec2, Status Code: 400, Error Code: DependencyViolation)`,
    );
  },
};
