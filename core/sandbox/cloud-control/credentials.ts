/** The account that the sandbox knows. The keys are the ones that AWS's own documentation shows. */
export const ACCOUNT_ID = '123456789012';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export const PERMANENT = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
} as const satisfies AwsCredentials;

/** As from AssumeRole: good only together with their token. */
export const TEMPORARY = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY',
  sessionToken:
    'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuw==',
} as const satisfies AwsCredentials;

export function credentialsOf(accessKeyId: string): AwsCredentials | undefined {
  return [PERMANENT, TEMPORARY].find((one) => one.accessKeyId === accessKeyId);
}
