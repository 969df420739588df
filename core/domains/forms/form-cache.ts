import { notFound } from '../../kernel/errors.ts';
import type { DefinitionRef } from '../../kernel/runs.ts';
import type { Automation, Form } from '../../kernel/stores/forms.ts';
import type { ChangeFeed, Stores, UnitOfWork } from '../../kernel/stores/stores.ts';
import type { Tenant } from '../../kernel/stores/tenancy.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { answerChecker, type CheckedAnswers } from './answers.ts';
import { compileAction, type CompiledAction } from './compiled-action.ts';
import { FORM_RESPONSE } from './actions.ts';
import type { JsonObject } from '../../kernel/json.ts';

/** A form with everything a response to it needs. */
export interface CompiledForm {
  readonly form: Form;
  readonly check: (answers: JsonObject) => CheckedAnswers;
  readonly actions: readonly CompiledAction[];
}

const KEPT_FORMS = 5000;

export interface FormCacheDeps {
  readonly work: UnitOfWork;
  readonly catalogue: Catalogue;
  readonly changes: ChangeFeed;
}

/**
 * Compiled forms by tenant and id. A change of a form, of its actions or of a connection of the tenant drops what is kept of
 * the tenant, in every process; while changes may go unheard nothing is kept.
 */
export class FormCache {
  readonly #deps: FormCacheDeps;
  /** By tenant, then by form. */
  readonly #kept = new Map<string, Map<string, CompiledForm>>();
  readonly #loading = new Map<string, Promise<CompiledForm>>();
  #size = 0;
  #generation = 0;

  constructor(deps: FormCacheDeps) {
    this.#deps = deps;
    deps.changes.subscribe((change) => {
      if (!change || change.noun === 'form' || change.noun === 'connection') this.forget(change?.tenantId);
    });
  }

  /** Throws NOT_FOUND. What is kept comes at once, without a promise's turn. */
  get(tenantId: string, id: string): CompiledForm | Promise<CompiledForm> {
    return this.#kept.get(tenantId)?.get(id) ?? this.#load(tenantId, id);
  }

  /** Drops what is kept of a tenant, or of all. */
  forget(tenantId?: string): void {
    // What is being read now may be old already.
    this.#generation++;
    this.#loading.clear();
    if (tenantId === undefined) {
      this.#kept.clear();
      this.#size = 0;
    } else {
      this.#size -= this.#kept.get(tenantId)?.size ?? 0;
      this.#kept.delete(tenantId);
    }
  }

  #load(tenantId: string, id: string): Promise<CompiledForm> {
    const name = `${tenantId} ${id}`;
    const underWay = this.#loading.get(name);
    if (underWay) return underWay;
    const generation = this.#generation;
    const loading = this.#read(tenantId, id).then(
      (compiled) => {
        if (this.#loading.get(name) === loading) this.#loading.delete(name);
        if (generation === this.#generation && this.#deps.changes.live) this.#keep(tenantId, id, compiled);
        return compiled;
      },
      (error: unknown) => {
        if (this.#loading.get(name) === loading) this.#loading.delete(name);
        throw error;
      },
    );
    this.#loading.set(name, loading);
    return loading;
  }

  #keep(tenantId: string, id: string, compiled: CompiledForm): void {
    if (this.#size >= KEPT_FORMS) this.forget();
    const forms = this.#kept.get(tenantId) ?? new Map<string, CompiledForm>();
    forms.set(id, compiled);
    this.#kept.set(tenantId, forms);
    this.#size++;
  }

  #read(tenantId: string, id: string): Promise<CompiledForm> {
    return this.#deps.work.within([tenantId], async (stores) => {
      const form = await stores.forms.find(tenantId, id);
      const tenant = await stores.tenants.find(tenantId);
      if (!form || !tenant) throw notFound('form');
      const automations = await stores.automations.bySource(tenantId, FORM_RESPONSE, id);
      const actions: CompiledAction[] = [];
      for (const automation of automations) {
        if (!automation.enabled) continue;
        const action = await this.#action(stores, tenant, form, automation);
        if (action) actions.push(action);
      }
      return { form, check: answerChecker(form.questions), actions };
    });
  }

  async #action(
    stores: Stores,
    tenant: Tenant,
    form: Form,
    automation: Automation,
  ): Promise<CompiledAction | undefined> {
    const plan = this.#deps.catalogue.plan(automation.definition);
    const definition = plan ? refOf(plan) : await lastKnown(stores, automation.definition);
    // Every attached action's definition was loaded once, so its text is on record.
    if (!definition) return undefined;
    const { connectionId } = automation;
    const connection =
      connectionId === undefined ? undefined : await stores.connections.find(tenant.id, connectionId);
    return compileAction({ automation, plan, definition, connection, tenant, questions: form.questions });
  }
}

function refOf({ id, version, hash }: DefinitionRef): DefinitionRef {
  return { id, version, hash };
}

async function lastKnown(stores: Stores, id: string): Promise<DefinitionRef | undefined> {
  const [last] = await stores.definitions.versions(id);
  return last && { id, version: last.version, hash: last.hash };
}
