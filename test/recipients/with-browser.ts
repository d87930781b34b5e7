import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';

/** Debian's packages `chromium-headless-shell`, which draws no windows of its own, and `chromium`. */
const INSTALLED = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'];

/** The browser of `CHROMIUM_PATH`, or one that is installed. */
const executablePath = process.env['CHROMIUM_PATH'] ?? INSTALLED.find((path) => existsSync(path));

/** Describes what needs a browser. Where there is none the specs are skipped, and it is said; on CI they fail. */
export function describeWithBrowser(name: string, specs: () => void): void {
  if (executablePath || process.env['CI']) return void describe(name, specs);
  process.stderr.write(`Skipped "${name}": it needs the package "chromium-headless-shell", or CHROMIUM_PATH.\n`);
  describe.skip(name, specs);
}

/** Starts the browser. Rejects where there is none. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath ?? INSTALLED[0]!, args: FLAGS });
}
