import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { CommandFailure } from '../failure.ts';
import { Customer, listAt, textAt, textOf } from './customer.ts';
import { followOperation } from './operation.ts';
import { leftOf, logIn, logInElsewhere, logInWrongly } from './residence.ts';
import type { Stage } from './stage.ts';

type Say = (line: string) => void;

/** A customer's environments: one on this host, and one in the sandbox's AWS. */
export async function computeStory(stage: Stage): Promise<void> {
  const { terminal, platformUrl, rootKey, sandbox } = stage;
  const say: Say = (line) => terminal.out(`  ${line}`);
  terminal.out(`Platform at ${platformUrl}, sandbox of AWS Cloud Control at ${sandbox.url}.\n`);
  const tenant = await new Customer(platformUrl, rootKey).post('/v1/tenants', { name: 'Demo Ltd' });
  const customer = new Customer(platformUrl, textOf(tenant, '/apiKey'));
  const user = await customer.post('/v1/users', { email: 'ada@demo.example', name: 'Ada', role: 'member' });
  say(`Customer "${textOf(tenant, '/name')}" with the user ${textOf(user, '/email')} made.`);

  terminal.out('\nAn environment on this host:');
  await liveLocally(stage, customer, textOf(user, '/id'), say);
  if (!(await knows(customer, 'aws-lakehouse'))) return;
  terminal.out('\nAn environment in AWS:');
  await liveInAws(stage, customer, say);
}

async function liveLocally({ dataDir }: Stage, customer: Customer, userId: string, say: Say): Promise<void> {
  const { id, outputs } = await create(customer, { name: 'Analytics', provisioner: 'local', input: {} }, say);
  const { user, database } = await logIn(outputs);
  say(`Logged in with the environment's own credentials as ${user} to ${database}.`);
  say(`With another password: ${await logInWrongly(outputs)}`);
  say(`To the platform's own database: ${await logInElsewhere(outputs)}`);

  const repo = textOf(await customer.post('/v1/repos', { name: 'notebooks', computeEnvironmentId: id }), '/id');
  await customer.put(`/v1/repos/${repo}/users/${userId}`);
  say('Repo "notebooks" attached, and its user assigned.');
  const refused = await customer.refusedDelete(`/v1/compute-environments/${id}`);
  say(`Deletion refused while it is in use: ${Number(refused['status'])} ${textOf(refused, '/code')}. ${textOf(refused, '/detail')}`);
  await customer.delete(`/v1/repos/${repo}`);
  say('Repo "notebooks" deleted.');

  await remove(customer, id, say);
  const left = await leftOf(outputs, dataDir);
  if (left.length > 0) throw new CommandFailure(`Of the environment is left: ${left.join(', ')}.`, 1);
  say('Gone: database, role and folder.');
}

async function liveInAws({ sandbox }: Stage, customer: Customer, say: Say): Promise<void> {
  const { accessKeyId, secretAccessKey } = sandbox.credentials.aws.permanent;
  const config = { accessKeyId, secretAccessKey, region: 'eu-central-1' };
  const connection = await customer.post('/v1/connections', { definition: 'aws-lakehouse', name: 'AWS', config });
  const wanted = { name: 'Lakehouse', provisioner: 'aws-lakehouse', connectionId: textOf(connection, '/id'), input: {} };
  const { id } = await create(customer, wanted, say);
  say(`In the cloud: ${(await inventory(sandbox.url)).join(', ')}.`);
  await remove(customer, id, say);
  const left = await inventory(sandbox.url);
  if (left.length > 0) throw new CommandFailure(`In the cloud is left: ${left.join(', ')}.`, 1);
  say('Gone: nothing is left in the cloud.');
}

async function create(customer: Customer, wanted: JsonObject, say: Say): Promise<{ readonly id: string; readonly outputs: JsonObject }> {
  const begun = performance.now();
  const accepted = await customer.post('/v1/compute-environments', wanted);
  say(`POST answered in ${Math.round(performance.now() - begun)} ms: ${textOf(accepted, '/name')} is ${textOf(accepted, '/state')}.`);
  await followOperation(customer, textOf(accepted, '/operation/id'), say);
  const id = textOf(accepted, '/id');
  const environment = await customer.get(`/v1/compute-environments/${id}`);
  const outputs = environment['outputs'];
  if (!isJsonObject(outputs)) throw new CommandFailure(`The environment has no outputs: ${JSON.stringify(environment)}`, 1);
  say(`${textOf(environment, '/name')} is ${textOf(environment, '/state')}:`);
  for (const [name, value] of Object.entries(outputs)) say(`  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return { id, outputs };
}

async function remove(customer: Customer, id: string, say: Say): Promise<void> {
  const accepted = await customer.delete(`/v1/compute-environments/${id}`);
  await followOperation(customer, textOf(accepted, '/operation/id'), say);
  say(`The environment is ${textOf(await customer.get(`/v1/compute-environments/${id}`), '/state')}.`);
}

async function knows(customer: Customer, definition: string): Promise<boolean> {
  const list = await customer.get('/v1/definitions?kind=provisioner');
  return listAt(list, '/items').some((item) => textAt(item, '/id') === definition);
}

/** What stands in the sandbox's AWS, by type and identifier. */
async function inventory(sandboxUrl: string): Promise<readonly string[]> {
  const all = await new Customer(sandboxUrl, '').get('/_sandbox/cloud-control');
  return listAt(all, '/resources').map((resource) => `${textAt(resource, '/type') ?? ''} ${textAt(resource, '/identifier') ?? ''}`);
}
