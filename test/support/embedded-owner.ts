// A process that owns a data folder and then does nothing, for tests that kill it: `embedded-owner.ts <folder>`.
// Prints one line of JSON when its server runs, or when it failed.
import { startEmbedded } from '../../db/embedded.ts';

try {
  const { url, adopted, pid } = await startEmbedded({ dataDir: process.argv[2] ?? '' });
  console.log(JSON.stringify({ url, adopted, pid }));
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }));
}
