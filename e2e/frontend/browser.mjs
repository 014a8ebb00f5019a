// Debian's Chromium without a window, with a profile of its own.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export class Browser {
  #profile = mkdtempSync(join(tmpdir(), 'insights-relay-e2e-chromium-'));
  #context;

  static async start() {
    if (!existsSync(CHROMIUM)) {
      throw new Error(`There is no ${CHROMIUM}. Install Debian's package chromium, or name another in CHROMIUM.`);
    }
    const browser = new Browser();
    await browser.open();
    return browser;
  }

  /** Starts it, again with the same profile. */
  async open() {
    this.#context = await chromium.launchPersistentContext(this.#profile, {
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    this.#context.setDefaultTimeout(30_000);
  }

  /** A new tab. */
  newPage() {
    return this.#context.newPage();
  }

  close() {
    return this.#context.close();
  }

  async stop() {
    await this.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
