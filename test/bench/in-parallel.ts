/** Does so much work with so many at a time. */
export async function inParallel(
  count: number,
  workers: number,
  work: (place: number, worker: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (_: unknown, at: number): Promise<void> => {
    while (next < count) await work(next++, at);
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
