import { TestEnvironment as NodeEnvironment } from 'jest-environment-node';
import { leftOut } from './embedded-only.mjs';

/** Runs specs on the engines that the environment variable `PROFILE` names, without those of their tests that cannot hold there. */
export default class ProfileEnvironment extends NodeEnvironment {
  #notHere;

  constructor(config, context) {
    super(config, context);
    this.#notHere = leftOut(process.env).filter(({ spec }) => context.testPath.endsWith(`/test/${spec}`));
  }

  handleTestEvent({ name }, { rootDescribeBlock }) {
    if (name === 'run_start' && this.#notHere.length > 0) this.#leaveOut(rootDescribeBlock, []);
  }

  #leaveOut(block, names) {
    block.children = block.children.filter(
      (child) => child.type === 'describeBlock' || !this.#isNotHere([...names, child.name].join(' ')),
    );
    for (const child of block.children)
      if (child.type === 'describeBlock') this.#leaveOut(child, [...names, child.name]);
  }

  #isNotHere(name) {
    return this.#notHere.some(({ tests }) => tests !== undefined && name.includes(tests));
  }
}
