import { Ajv } from 'ajv';
import { Router } from 'express';
import type { Request } from 'express';
import { AwsError, sendAws, sendAwsError } from './errors.ts';
import { API_OPERATIONS } from './operations.ts';
import type { Account } from './operations.ts';
import { bodyOf, verifySignature } from './signature.ts';

const TARGET = /^CloudApiService\.(\w+)$/;
const ajv = new Ajv({ strict: true });

/**
 * AWS Cloud Control API of 2021-09-30, in AWS's JSON protocol 1.0: every operation is a POST of `/`.
 * @see https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/Welcome.html
 */
export function cloudControlRoutes(account: Account): Router {
  const router = Router();
  router.use(async (req, res) => {
    try {
      sendAws(res, 200, await serve(account, req));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      sendAwsError(res, error);
    }
  });
  return router;
}

/** The operation that a request's target names. */
export function operationOf(req: Request): string | undefined {
  return TARGET.exec(req.get('x-amz-target') ?? '')?.[1];
}

async function serve(account: Account, req: Request): Promise<object> {
  const region = await verifySignature(req, account.clock.now());
  const operation = API_OPERATIONS[operationOf(req) ?? ''];
  if (!operation || req.method !== 'POST' || req.path !== '/')
    throw new AwsError('UnknownOperationException', 'The action or operation requested is invalid.', 404);
  const input = readJson(req);
  const validate = ajv.compile(operation.input);
  if (!validate(input)) {
    const [error] = validate.errors ?? [];
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value at '${error?.instancePath ?? ''}' failed to satisfy constraint: ${error?.message ?? ''}`,
    );
  }
  account.requests.settle();
  return operation.run(account, input as never, region);
}

function readJson(req: Request): unknown {
  try {
    return JSON.parse(bodyOf(req).toString('utf8'));
  } catch {
    throw new AwsError('SerializationException', 'The body is no JSON.');
  }
}
