import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while no other process prepares the same clone. The lock is a folder in the system's temporary folder
 * (making one is atomic everywhere) that holds its owner's pid; one left by a process that died is taken over.
 */
export async function withLock(root, work) {
  const user = process.getuid?.() ?? 'user';
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const lock = path.join(os.tmpdir(), `sluice-bootstrap-${user}-${name}`);
  while (!acquire(lock)) await sleep(100);
  try {
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function acquire(lock) {
  try {
    mkdirSync(lock);
    writeFileSync(path.join(lock, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    // A temporary folder that cannot be written to is no reason not to start.
    if (error.code !== 'EEXIST') return true;
    if (abandoned(lock)) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function abandoned(lock) {
  try {
    const pid = Number(readFileSync(path.join(lock, 'pid'), 'utf8'));
    if (pid) process.kill(pid, 0);
    return false;
  } catch (error) {
    if (error.code === 'ESRCH') return true;
    // No pid yet: its owner is about to write it, unless it died between the two calls.
    const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    return error.code === 'ENOENT' && made !== undefined && Date.now() - made > 10_000;
  }
}
