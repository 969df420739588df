import { tenantOwned, type Migration } from './migration.ts';

export const migration: Migration = {
  name: '0003-create-forms',
  up: `
    CREATE TABLE forms (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      title text NOT NULL,
      questions jsonb NOT NULL,
      published boolean NOT NULL DEFAULT false,
      version bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id)
    );
    -- The public page knows a form by its id alone.
    CREATE UNIQUE INDEX forms_by_id ON forms (id);
    ${tenantOwned('forms')}

    CREATE TABLE form_responses (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      form_id uuid NOT NULL,
      answers jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, form_id) REFERENCES forms (tenant_id, id) ON DELETE CASCADE
    );
    CREATE INDEX form_responses_by_form ON form_responses (tenant_id, form_id, id);
    ${tenantOwned('form_responses')}

    -- Trigger -> action. A form's actions have source 'form.response' and the form's id as source_id; other
    -- triggers add their own sources.
    CREATE TABLE automations (
      tenant_id uuid NOT NULL REFERENCES tenants (id),
      id uuid NOT NULL,
      source text NOT NULL,
      source_id uuid NOT NULL,
      definition text NOT NULL,
      action text NOT NULL,
      connection_id uuid,
      input json NOT NULL,
      condition json,
      enabled boolean NOT NULL DEFAULT true,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
    );
    CREATE INDEX automations_by_source ON automations (tenant_id, source, source_id);
    ${tenantOwned('automations')}`,
};
