type Answers = Record<string, () => Record<string, number> | Promise<Record<string, number>>>;

/** Tells the process that started this one that it is ready, and from then on answers what it asks. */
export function answer(ready: Record<string, number>, answers: Answers): void {
  process.on('message', (question: string) => {
    void Promise.resolve(answers[question]!()).then((reply) => process.send!(reply));
  });
  // Whoever asks is gone: nobody else would end this process.
  process.once('disconnect', () => process.exit(1));
  process.send!(ready);
}
