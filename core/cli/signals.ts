/**
 * Resolves at the first SIGTERM or SIGINT. Repeats are ignored from then on: a process group gets a signal more than
 * once (from the terminal, from npm), and a drain under way is bounded anyway. Listens from the moment it is called.
 */
export function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}
