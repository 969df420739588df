import type { JsonObject } from '../../kernel/json.ts';

/** The form of the demo: five questions. */
export const FORM: JsonObject = {
  title: 'Summer party',
  questions: [
    { key: 'name', title: 'Your name', type: 'text', required: true },
    { key: 'phone', title: 'Mobile number', type: 'phone', required: true },
    { key: 'guests', title: 'How many are you?', type: 'integer', required: true },
    { key: 'vegetarian', title: 'Vegetarian?', type: 'boolean', required: false },
    {
      key: 'arrival',
      title: 'When do you arrive?',
      type: 'choice',
      required: true,
      options: ['Friday', 'Saturday'],
    },
  ],
};

/** What three people answer. The second leaves a question out. */
export const ANSWERS: readonly JsonObject[] = [
  { name: 'Ada Lovelace', phone: '+15550100101', guests: 2, vegetarian: true, arrival: 'Friday' },
  { name: 'علي حسن', phone: '+15550100102', guests: 1, arrival: 'Saturday' },
  { name: 'Grace Hopper 🎉', phone: '+15550100103', guests: 4, vegetarian: false, arrival: 'Friday' },
];

/** A response as a row of the sheet: column name to template. */
export const SHEET_RECORD: JsonObject = {
  Name: '{{ event.answers.name }}',
  Phone: '{{ event.answers.phone }}',
  Guests: '{{ event.answers.guests }}',
  Vegetarian: '{{ event.answers.vegetarian }}',
  Arrival: '{{ event.answers.arrival }}',
};

/** The typed table that responses go to, and what a response is there: column to template, with its type. */
export const FAMILY = 'party';
export const EVENT: JsonObject = {
  family: FAMILY,
  schema: { name: 'string', guests: 'int', vegetarian: 'bool', arrival: 'string', answered: 'timestamp' },
  fields: {
    name: '{{ event.answers.name }}',
    guests: '{{ event.answers.guests }}',
    vegetarian: '{{ event.answers.vegetarian }}',
    arrival: '{{ event.answers.arrival }}',
    answered: '{{ event.response.createdAt }}',
  },
};

export const MESSAGE = 'Hello {{ event.answers.name }}, see you on {{ event.answers.arrival }}!';
