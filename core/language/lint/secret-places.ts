import type { Member, Shape } from '../scope/shape.ts';
import type { LintRule } from './subject.ts';
import { spotOf } from './variables.ts';

export const secretPlaces: LintRule = {
  name: 'secret-places',
  summary: 'Secrets outside `auth`, `baseUrl` and signatures, where they could be shown or sent to the wrong place.',
  check({ places, document }, report) {
    for (const { references, scope, secrets } of places) {
      if (secrets) continue;
      for (const reference of references) {
        if (reference.bound.includes(reference.path[0] ?? '')) continue;
        const secret = secretIn(reference.path, scope);
        if (!secret) continue;
        const name = reference.path.join('.');
        const what = secret === 'itself' ? `"${name}" is a secret` : `"${name}" holds secrets`;
        report.error(
          reference.pointer,
          `${what}; secrets may stand only in auth, baseUrl and signatures. Let an auth scheme send it, for example apiKey with in, name and value.`,
          spotOf(reference, document),
        );
      }
    }
  },
};

function secretIn(path: readonly string[], scope: Shape): 'itself' | 'inside' | undefined {
  let shape: Shape = scope;
  for (const name of path) {
    if (shape.kind !== 'map' || !Object.hasOwn(shape.members, name)) return undefined;
    const member: Member = shape.members[name]!;
    if (member.secret) return 'itself';
    shape = member.shape;
  }
  return holdsSecret(shape) ? 'inside' : undefined;
}

function holdsSecret(shape: Shape): boolean {
  if (shape.kind !== 'map') return false;
  return Object.values(shape.members).some((member) => member.secret === true || holdsSecret(member.shape));
}
