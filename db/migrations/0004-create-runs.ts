import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0004-create-runs',
  up: `
    -- A row a worker process: alive while its beat rises. A counter, not a time, so that clocks may jump.
    CREATE TABLE workers (
      id uuid PRIMARY KEY,
      beat bigint NOT NULL DEFAULT 0,
      host text NOT NULL,
      pid integer NOT NULL,
      started_at timestamptz NOT NULL DEFAULT now()
    );
    GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO sluice_engine;

    -- json, not jsonb, where the engine alone reads: it keeps NUL and lone surrogates as escapes, and is not parsed
    -- on the way in.
    CREATE TABLE runs (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      kind text NOT NULL,
      definition text NOT NULL,
      definition_version text NOT NULL,
      definition_hash text NOT NULL REFERENCES definition_versions (hash),
      pipeline text NOT NULL,
      subject text NOT NULL,
      automation_id uuid,
      connection_id uuid,
      state text NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'rolling_back', 'needs_review',
                                           'succeeded', 'failed', 'cancelled')),
      -- When the run may next be claimed; 'infinity' while it waits for its turn under a concurrency key. Null
      -- while it is held or has ended.
      due_at timestamptz,
      attempt integer NOT NULL DEFAULT 0,
      lease_owner uuid,
      lease_epoch bigint NOT NULL DEFAULT 0,
      claimed_at timestamptz,
      -- The worker that held it was lost: the step in hand may have had its effect.
      interrupted boolean NOT NULL DEFAULT false,
      cancel_requested boolean NOT NULL DEFAULT false,
      concurrency_key text,
      concurrency_limit integer,
      -- True while the run counts against its key.
      holds_slot boolean NOT NULL DEFAULT false,
      cursor json NOT NULL DEFAULT '{"steps":{},"generation":0}',
      input json NOT NULL,
      event json,
      outputs json,
      error json,
      version bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      started_at timestamptz,
      finished_at timestamptz,
      PRIMARY KEY (tenant_id, id)
    ) WITH (fillfactor = 70);
    -- The queue: the claim walks it tenant by tenant.
    CREATE INDEX runs_due ON runs (tenant_id, due_at, id) WHERE due_at IS NOT NULL;
    CREATE INDEX runs_next_due ON runs (due_at) WHERE due_at IS NOT NULL;
    CREATE INDEX runs_held ON runs (lease_owner) WHERE lease_owner IS NOT NULL;
    CREATE INDEX runs_slots ON runs (tenant_id, concurrency_key) WHERE holds_slot;
    CREATE INDEX runs_by_subject ON runs (tenant_id, subject);
    CREATE INDEX runs_dead ON runs (tenant_id, state, id) WHERE state IN ('failed', 'needs_review');
    ${tenantOwned('runs')}

    -- The trace: a row an attempt. seq orders the rows of a run.
    CREATE TABLE run_steps (
      tenant_id uuid NOT NULL,
      run_id uuid NOT NULL,
      seq bigint GENERATED ALWAYS AS IDENTITY,
      step text NOT NULL,
      attempt integer NOT NULL,
      state text NOT NULL,
      idempotency_key text,
      rule text,
      wait_ms bigint,
      status integer,
      request json,
      response json,
      error json,
      started_at timestamptz NOT NULL,
      finished_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, run_id, seq),
      FOREIGN KEY (tenant_id, run_id) REFERENCES runs (tenant_id, id) ON DELETE CASCADE
    );
    ${tenantOwned('run_steps')}

    -- How many runs hold a concurrency key, and the row that serialises who is next.
    CREATE TABLE concurrency_slots (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      key text NOT NULL,
      held integer NOT NULL,
      PRIMARY KEY (tenant_id, key)
    );
    CREATE INDEX runs_parked ON runs (tenant_id, concurrency_key, id) WHERE due_at = 'infinity';
    ${tenantOwned('concurrency_slots')}`,
};
