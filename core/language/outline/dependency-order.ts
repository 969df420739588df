/**
 * Names in an order in which each stands behind those it needs, otherwise as they came; or the first circle found.
 * What is needed and not among the names counts as met.
 */
export function dependencyOrder(needs: ReadonlyMap<string, readonly string[]>): {
  readonly order: readonly string[];
  readonly circle?: readonly string[];
} {
  const order: string[] = [];
  const done = new Set<string>();
  const walk = (name: string, above: readonly string[]): readonly string[] | undefined => {
    if (above.includes(name)) return [...above.slice(above.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const needed of needs.get(name) ?? []) {
      const circle = needs.has(needed) ? walk(needed, [...above, name]) : undefined;
      if (circle) return circle;
    }
    done.add(name);
    order.push(name);
    return undefined;
  };
  for (const name of needs.keys()) {
    const circle = walk(name, []);
    if (circle) return { order, circle };
  }
  return { order };
}
