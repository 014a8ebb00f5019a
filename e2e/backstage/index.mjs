// A Backstage backend with the plugins that the relay meets. Run it in e2e/: the catalog's files are found from there.
import { createBackend } from '@backstage/backend-defaults';
import { headerSignIn } from './header-sign-in.mjs';
import { heldCatalog } from './held-catalog.mjs';
import { insightsAgent } from './insights-agent.mjs';

const backend = createBackend();
backend.add(import('@backstage/plugin-auth-backend'));
backend.add(headerSignIn);
backend.add(import('@backstage/plugin-catalog-backend'));
backend.add(import('@backstage/plugin-catalog-backend-module-scaffolder-entity-model'));
backend.add(heldCatalog);
backend.add(insightsAgent);

// Tests hold the other end of the standard input. When they die, however they die, this ends too.
if (process.env.EXIT_WITH_PARENT) {
  process.stdin.resume().on('close', () => process.exit(1));
}

// A plugin that fails at startup would leave the process hanging: end it, so that nobody waits for readiness in vain.
backend.start().catch(error => {
  console.error(error);
  process.exit(1);
});
