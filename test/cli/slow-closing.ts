// `sluice start` over a platform that closes only when it has been asked three times: for commands.test.ts.
import { runCli } from '../../core/cli/program.ts';
import { offline } from './command-line.ts';

const signals: string[] = [];
process.on('SIGTERM', (signal) => signals.push(signal));
// The platform's own listeners keep the process alive; here a timer does.
const alive = setInterval(() => {}, 1000);

process.exitCode = await runCli(
  {
    ...offline,
    async startPlatform() {
      return {
        url: 'http://127.0.0.1:1',
        newRootKey: 'slr_new',
        async close() {
          while (signals.length < 3) {
            process.stdout.write('closing\n');
            await new Promise((resolve) => process.once('SIGTERM', resolve));
          }
          process.stdout.write('closed\n');
          clearInterval(alive);
        },
      };
    },
  },
  ['node', 'sluice', 'start'],
);
