import { TestEnvironment as NodeEnvironment } from 'jest-environment-node';
import { embeddedOnly } from './embedded-only.mjs';

/**
 * Runs specs on the engines that the environment variable `PROFILE` names (test/support/engines.ts); on any but the embedded
 * ones, what is about the embedded files is skipped.
 */
export default class ProfileEnvironment extends NodeEnvironment {
  #notHere;

  constructor(config, context) {
    super(config, context);
    const isEmbedded = (process.env['PROFILE'] ?? 'embedded') === 'embedded';
    this.#notHere = isEmbedded ? [] : embeddedOnly.filter(({ spec }) => context.testPath.endsWith(`/test/${spec}`));
  }

  handleTestEvent({ name }, { rootDescribeBlock }) {
    if (name === 'run_start' && this.#notHere.length > 0) this.#skip(rootDescribeBlock, []);
  }

  #skip({ children }, names) {
    for (const child of children) {
      const path = [...names, child.name];
      if (child.type === 'describeBlock') this.#skip(child, path);
      else if (this.#notHere.some(({ tests = '' }) => path.join(' ').includes(tests))) child.mode = 'skip';
    }
  }
}
