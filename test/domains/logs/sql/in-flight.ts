/**
 * Draws `count` inputs in order and works on up to `most` of them at the same time: what is drawn depends on the seed
 * alone, not on who is done first. Stops at the first failure.
 */
export async function inFlight<T>(count: number, most: number, draw: (index: number) => T, work: (input: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const input = draw(next++);
      try {
        await work(input);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: most }, lane));
}
