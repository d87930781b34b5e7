/** Closes one after the other, each of them even when another fails; then throws an `AggregateError` of what failed. */
export async function closeAll(closings: readonly (() => Promise<void> | void)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const close of closings) {
    try {
      await close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'Not everything could be closed.');
}
