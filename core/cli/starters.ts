/** What starter files are filled in with. */
interface Names {
  readonly id: string;
  /** Where editors find the schema, seen from the file. */
  readonly schema: string;
}

/** A definition to begin with, by its kind: it is clean, and passes its own tests, which hit each of its rules. */
export const STARTERS: Readonly<Record<string, (names: Names) => string>> = {
  integration: (names) => `${headerOf('integration', names)}
# Every request goes to paths below this; other origins are listed under \`egress\`.
baseUrl: https://api.example.com/v1

# What a customer fills in once. JSON Schema; what is marked \`secret\` is encrypted and never shown again.
connection:
  type: object
  required: [token]
  properties:
    token: { type: string, minLength: 1, title: API token, secret: true }

# Others: basic, apiKey, oauth2, jwt, awsSigV4, standardWebhooks.
auth:
  bearer: { token: "{{ connection.token }}" }

# What POST /v1/connections/{id}:verify asks, to see whether the connection is good.
verify:
  request: { method: GET, path: /me }

# What answers mean. The first rule that matches holds; rate limits, 5xx and lost answers are handled without one.
errors:
  - when: { status: [400, 422], body: { /message: { exists: true } } }
    then: fail
    kind: config
    message: "${titleOf(names.id)} refuses this: {{ response.body.message }}"

actions:
  addItem:
    title: Add an item
    input:
      type: object
      required: [name]
      properties:
        name: { type: string, minLength: 1, title: Name }
        note: { type: string, title: Note }
    steps:
      - id: add
        request:
          method: POST
          path: /items
          # \`optional\` leaves the key out where there is no value.
          json: { name: "{{ input.name }}", note: "{{ optional input.note }}" }
        # How a lost answer is dealt with: header or key (sent again), lookup (looked for), once (a person decides).
        idempotency: { mode: header, header: Idempotency-Key }
        response: { outputs: { itemId: /id } }
    outputs: { itemId: "{{ steps.add.itemId }}" }

# \`sluice test\` runs these offline, on virtual time. \`sluice record\` adds tests from real answers.
tests:
  - name: adds an item
    action: addItem
    connection: { token: t0ken }
    input: { name: Ada }
    exchanges:
      - expect: { method: POST, path: /v1/items, headers: { authorization: Bearer t0ken }, json: { name: Ada } }
        reply: { status: 201, json: { id: i1 } }
    assert: { state: succeeded, attempts: 1, outputs: { itemId: i1 } }

  - name: adds an item once, although the first answer is lost
    action: addItem
    connection: { token: t0ken }
    input: { name: Ada, note: First }
    exchanges:
      - expect: { method: POST, json: { name: Ada, note: First } }
        reply: { fault: reset }
      - reply: { status: 201, json: { id: i1 } }
    assert: { state: succeeded, attempts: 2 }

  - name: says why an item is refused
    action: addItem
    connection: { token: t0ken }
    input: { name: Ada }
    exchanges:
      - reply: { status: 422, json: { message: no more room } }
    assert: { state: failed, error: { kind: config, message: no more room }, rule: /errors/0 }

  - name: knows a connection that is good
    verify: true
    connection: { token: t0ken }
    exchanges:
      - expect: { method: GET, path: /v1/me }
        reply: { status: 200, json: {} }
`,

  provisioner: (names) => `${headerOf('provisioner', names)}
# Every request goes to paths below this; other origins are listed under \`egress\`.
baseUrl: https://api.example.com/v1

# What an operator or customer fills in once. JSON Schema; what is marked \`secret\` is encrypted.
connection:
  type: object
  required: [token]
  properties:
    token: { type: string, minLength: 1, title: API token, secret: true }

auth:
  bearer: { token: "{{ connection.token }}" }

# What is chosen for each environment.
input:
  type: object
  additionalProperties: false
  properties:
    size: { type: integer, minimum: 1, default: 1, title: Size }

create:
  # Ends the way forward; what was done by then is undone.
  deadline: PT30M
  steps:
    - id: machine
      request:
        method: POST
        path: /machines
        json: { name: "sluice-{{ environment.id }}", size: "{{ input.size }}", requestId: "{{ step.idempotencyKey }}" }
      # The other side knows a repeated request by the key in its body.
      idempotency: { mode: key }
      response: { outputs: { machineId: /id } }
      # What a rollback, and a delete without steps of its own, does. 404 means that it is gone: done.
      undo: [ { id: dropMachine, request: { method: DELETE, path: "/machines/{{ steps.machine.machineId }}" } } ]
    - id: machineReady
      request: { method: GET, path: "/machines/{{ steps.machine.machineId }}" }
      # Asked again and again; between two requests nothing waits but a row in the database.
      poll: { every: PT10S, timeout: PT15M, until: { body: { /state: READY } } }
      errors:
        - { when: { body: { /state: FAILED } }, then: fail, code: NOT_STABILIZED, message: "The machine failed: {{ response.body.reason }}" }
  outputs: { machineId: "{{ steps.machine.machineId }}" }

# Whether it is still there, and well: asked at intervals.
read:
  steps:
    - { id: look, request: { method: GET, path: "/machines/{{ environment.outputs.machineId }}" } }
  healthy: { body: { /state: READY } }

# \`delete\` may be left out: what \`create\` has done is undone in reverse.
# What a person is shown of the progress: ids of steps.
progress: [machine, machineReady]

# \`sluice test\` runs these offline, on virtual time.
tests:
  - name: creates a machine, and waits until it is ready
    create: true
    connection: { token: t0ken }
    input: { size: 2 }
    exchanges:
      - expect: { method: POST, path: /v1/machines, jsonContains: { size: 2 } }
        reply: { status: 201, json: { id: m1 } }
      - { expect: { method: GET, path: /v1/machines/m1 }, reply: { status: 200, json: { state: PENDING } }, times: 2 }
      - { reply: { status: 200, json: { state: READY } } }
    assert: { state: succeeded, polls: 3, outputs: { machineId: m1 } }

  - name: takes the machine back where it does not become ready
    create: true
    connection: { token: t0ken }
    exchanges:
      - { expect: { method: POST }, reply: { status: 201, json: { id: m1 } } }
      - { expect: { method: GET }, reply: { status: 200, json: { state: FAILED, reason: no room } } }
      - { expect: { method: DELETE, path: /v1/machines/m1 }, reply: { status: 204 } }
    assert: { state: failed, error: { code: NOT_STABILIZED, message: no room }, undone: [machine], leaked: [] }

  - name: reads whether the machine is well
    read: true
    connection: { token: t0ken }
    environment: { outputs: { machineId: m1 } }
    exchanges:
      - { expect: { method: GET, path: /v1/machines/m1 }, reply: { status: 200, json: { state: READY } } }
    assert: { state: succeeded, healthy: true }
`,

  sink: (names) => `${headerOf('sink', names)}
# Every request goes to paths below this; other origins are listed under \`egress\`.
baseUrl: https://logs.example.com

# What a customer fills in once. JSON Schema; what is marked \`secret\` is encrypted and never shown again.
connection:
  type: object
  required: [token]
  properties:
    token: { type: string, minLength: 1, title: API token, secret: true }

auth:
  bearer: { token: "{{ connection.token }}" }

# A batch is sent when it is this large, or this old. All its events are of one family.
batch: { maxEvents: 1000, maxBytes: 1MiB, maxWait: PT1S }

steps:
  - id: push
    request:
      method: POST
      path: "/{{ batch.family }}/_bulk"
      ndjson:
        $map: "{{ events }}"
        each(e): { id: "{{ e.id }}", time: "{{ e.timestamp }}", fields: "{{ e.fields }}" }
    # The other side knows an event by its id, so that a batch may come again.
    idempotency: { mode: safe }
    response:
      # What the answer says of each event, by its place in this list. Where no rule matches the event was taken.
      items:
        at: /items
        errors:
          - { when: '{{ eq item.status 409 }}', then: ignore }     # it was there already
          - { when: '{{ eq item.status 429 }}', then: retry }      # in another batch, later
          - { when: '{{ gte item.status 400 }}', then: fail, message: "{{ item.reason }}" }

# \`sluice test\` runs these offline, on virtual time.
tests:
  - name: sends a batch, an event a line
    sink: true
    connection: { token: t0ken }
    events:
      - { id: a, timestamp: "2026-01-01T00:00:00Z", family: web, fields: { status: 200 } }
    exchanges:
      - expect: { method: POST, path: /web/_bulk, ndjson: [ { id: a, time: "2026-01-01T00:00:00Z", fields: { status: 200 } } ] }
        reply: { status: 200, json: { items: [ { status: 201 } ] } }
    assert: { state: succeeded, items: { delivered: 1, retried: 0, failed: 0 } }

  - name: tells what was refused from what is to come again
    sink: true
    connection: { token: t0ken }
    events: [ { id: a, fields: {} }, { id: b, fields: {} }, { id: c, fields: {} } ]
    exchanges:
      - reply: { status: 200, json: { items: [ { status: 409 }, { status: 429 }, { status: 400, reason: no such field } ] } }
    assert: { state: succeeded, items: { delivered: 1, retried: 1, failed: 1 } }
`,
};

function headerOf(kind: string, { id, schema }: Names): string {
  return `# yaml-language-server: $schema=${schema}
apiVersion: sluice/v1
kind: ${kind}
id: ${id}
version: 1.0.0
title: ${titleOf(id)}
`;
}

/** `acme-crm` is "Acme crm". Begins with a word, so that YAML reads a text. */
function titleOf(id: string): string {
  const words = id.replaceAll('-', ' ');
  return /^[a-z]/.test(words) ? words.charAt(0).toUpperCase() + words.slice(1) : `The ${words}`;
}
