import type { Layout } from './layout.ts';

/** Tables that are connected by references, each behind those it refers to. No row of another table concerns them. */
export type Group = ReadonlyMap<string, Layout>;

/** @param layouts each behind those it refers to */
export function groupsOf(layouts: Iterable<Layout>): readonly Group[] {
  let groups: (readonly Layout[])[] = [];
  for (const layout of layouts) {
    const parents = new Set(layout.parents.map(({ table }) => table));
    const isConnected = (group: readonly Layout[]): boolean => group.some(({ table }) => parents.has(table.name));
    const connected = groups.filter(isConnected).flat();
    groups = [...groups.filter((group) => !isConnected(group)), [...connected, layout]];
  }
  return groups.map(groupOf);
}

/** The groups of some tables as one. */
export function groupWith(groups: readonly Group[], isMeant: (layout: Layout) => boolean): Group {
  return groupOf(groups.filter((group) => [...group.values()].some(isMeant)).flatMap((group) => [...group.values()]));
}

function groupOf(layouts: readonly Layout[]): Group {
  return new Map(layouts.map((layout) => [layout.table.name, layout]));
}
