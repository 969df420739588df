import { expect } from 'chai';
import { command } from '../support/shell.ts';

describe('npm run demo:compute', function () {
  this.timeout(120_000);

  it('follows environments from their creation to their end with no outside account, and ends with 0', async () => {
    const { end, out, err } = await command('npm', ['run', 'demo:compute']);
    expect(end, err).to.equal(0);
    const [, local = '', aws = ''] = out.split('\nAn environment ');

    // The answer comes at once, and progress after it, as the work goes on.
    expect(local).to.match(/POST answered in \d+ ms: Analytics is CREATING\./);
    expect(local).to.match(/create RUNNING +\d of 6 /).and.match(/create SUCCEEDED +6 of 6/);

    // Its own credentials open its own database, and nothing else does.
    const name = /databaseUrl: postgres:\/\/(env_[0-9a-f]{32})@127\.0\.0\.1:\d+\/\1\n/.exec(local)?.[1];
    expect(local).to.contain(`own credentials as ${name} to ${name}.`);
    expect(local).to.contain(`With another password: password authentication failed for user "${name}"`);
    expect(local).to.contain('permission denied for database "sluice"');

    // In use it stays; then all of it goes.
    expect(local).to.contain('Deletion refused while it is in use: 409 IN_USE.');
    expect(local).to.match(/delete SUCCEEDED +5 of 5\n {2}The environment is DELETED\.\n {2}Gone: database, role and folder\./);

    expect(aws).to.match(/In the cloud: .*AWS::EC2::VPC vpc-.*AWS::IAM::Role /);
    expect(aws).to.match(/The environment is DELETED\.\n {2}Gone: nothing is left in the cloud\./);
  });
});
