import type { ClientBase, Pool } from 'pg';
import type { DefinitionStore, DefinitionVersion } from '../../core/kernel/stores/definitions.ts';

const VERSIONS = `
  SELECT version, hash, created_at AS "createdAt" FROM definition_versions
  WHERE definition = $1 ORDER BY created_at DESC, version DESC`;

export function definitionStore(client: ClientBase): DefinitionStore {
  return {
    async versions(definition) {
      const { rows } = await client.query<{ version: string; hash: string; createdAt: Date }>(VERSIONS, [
        definition,
      ]);
      return rows;
    },
  };
}

const FIND = `
  SELECT hash, definition, version, kind, file, source, files FROM definition_versions WHERE hash = $1`;

export async function findDefinition(engine: Pool, hash: string): Promise<DefinitionVersion | undefined> {
  const { rows } = await engine.query<DefinitionVersion>(FIND, [hash]);
  return rows[0];
}

const INSERT = `
  INSERT INTO definition_versions (hash, definition, version, kind, file, source, files)
  SELECT hash, definition, version, kind, file, source, files
  FROM json_to_recordset($1::json) AS d (hash text, definition text, version text, kind text, file text, source text, files jsonb)
  ORDER BY hash
  ON CONFLICT (hash) DO NOTHING`;

/** Adds what is not there yet. */
export async function addDefinitions(engine: Pool, versions: readonly DefinitionVersion[]): Promise<void> {
  if (versions.length > 0) await engine.query(INSERT, [JSON.stringify(versions)]);
}
