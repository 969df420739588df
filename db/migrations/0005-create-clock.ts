import type { Migration } from './migration.ts';

/** Agenda's tables as @agendajs/postgres-backend 3 expects them: its own DDL races when processes start together. */
export const migration: Migration = {
  name: '0005-create-clock',
  up: `-- filled by whoever owns db/`,
};
