import { Type } from 'typebox';
import { HandlerError } from '../errors.ts';
import { blockOf, holds, invalid, overlaps } from './cidr.ts';
import { Tags, textOf } from './type.ts';
import type { Neighbours, ResourceType } from './type.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnet.html, IPv4 only. */
export const SUBNET: ResourceType = {
  name: 'AWS::EC2::Subnet',
  identifier: 'SubnetId',
  reach: 'region',
  model: Type.Object(
    {
      VpcId: Type.String(),
      CidrBlock: Type.String(),
      AvailabilityZone: Type.Optional(Type.String()),
      MapPublicIpOnLaunch: Type.Optional(Type.Boolean()),
      Tags: Type.Optional(Tags),
    },
    { additionalProperties: false },
  ),
  createOnly: ['VpcId', 'CidrBlock', 'AvailabilityZone'],
  seconds: { create: 2, update: 1, delete: 1 },
  create(desired, { id, region }, neighbours) {
    checkBlock(textOf(desired, 'CidrBlock') ?? '', textOf(desired, 'VpcId') ?? '', neighbours);
    return {
      SubnetId: id('subnet'),
      AvailabilityZone: desired['AvailabilityZone'] ?? `${region}a`,
      MapPublicIpOnLaunch: desired['MapPublicIpOnLaunch'] ?? false,
      NetworkAclAssociationId: id('aclassoc'),
      Ipv6CidrBlocks: [],
    };
  },
};

function checkBlock(cidr: string, vpcId: string, neighbours: Neighbours): void {
  const vpc = neighbours.find('AWS::EC2::VPC', vpcId);
  if (!vpc || vpc.deleting) {
    throw new HandlerError(
      'NotFound',
      `The vpc ID '${vpcId}' does not exist (Service: Ec2, Status Code: 400, Error Code: InvalidVpcID.NotFound)`,
    );
  }
  const block = blockOf(cidr);
  if (!holds(blockOf(textOf(vpc.properties, 'CidrBlock') ?? ''), block)) throw invalid(cidr);
  const taken = neighbours
    .all(SUBNET.name)
    .filter(({ properties }) => properties['VpcId'] === vpcId)
    .some(({ properties }) => overlaps(blockOf(textOf(properties, 'CidrBlock') ?? ''), block));
  if (taken) {
    throw new HandlerError(
      'InvalidRequest',
      `The CIDR '${cidr}' conflicts with another subnet (Service: Ec2, Status Code: 400, Error Code: InvalidSubnet.Conflict)`,
    );
  }
}
