import type { Composition } from './composition.ts';
import type { Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** What a command is made with. */
export interface CommandDeps {
  readonly composition: Composition;
  readonly terminal: Terminal;
  /** Reads them when called: a command that needs none works under broken ones. */
  settings(): Settings;
  /** Sets the exit code; the command goes on to its end. */
  exit(code: 0 | 1 | 2): void;
}
