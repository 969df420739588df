/** Where a command prints. Results go to `out`; errors, notes and progress to `err`. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** Shows a line that the next call replaces, on a terminal only; an empty one clears it. */
  progress(line: string): void;
}

// The reader has gone (`sluice lint | head`): there is nobody left to print for.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

export const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  progress(line) {
    if (!process.stderr.isTTY) return;
    const width = process.stderr.columns || 80;
    // Carriage return, then "erase to the end of the line" (ECMA-48 EL).
    process.stderr.write(`\r\u001B[K${line.slice(0, width - 1)}`);
  },
};
