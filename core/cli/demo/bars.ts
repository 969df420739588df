const WIDTH = 40;

/** A plot of text: a line for each name, its bar as long as its amount is beside the greatest one. */
export function bars(
  amounts: readonly (readonly [name: string, amount: number, shown: string])[],
): readonly string[] {
  const greatest = Math.max(1, ...amounts.map(([, amount]) => amount));
  const widest = Math.max(0, ...amounts.map(([, , shown]) => shown.length));
  return amounts.map(([name, amount, shown]) => {
    const length = Math.max(0, Math.round((amount / greatest) * WIDTH));
    return `${name}  ${shown.padStart(widest)}  ${'█'.repeat(length)}`;
  });
}
