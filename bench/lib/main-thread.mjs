/** What the DevTools protocol says of a page's main thread. */

/**
 * Seconds that its tasks have lasted, by the clock on the wall.
 *
 * @param {import('../../test/support/raw-chromium.ts').Tab} tab with `Performance.enable` sent
 */
export const mainThread = async tab => {
  const { metrics } = /** @type {{ metrics: { name: string, value: number }[] }} */ (
    await tab.send('Performance.getMetrics', {})
  );
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
};
