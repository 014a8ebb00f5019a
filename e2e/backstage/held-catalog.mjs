// Keeps the catalog loading for as long as the file named by CATALOG_HOLD_FILE exists: nothing is processed, and the
// catalog answers 200 with null, as a large one does for minutes after a restart.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBackendModule } from '@backstage/backend-plugin-api';
import { catalogProcessingExtensionPoint } from '@backstage/plugin-catalog-node';

const holdFile = process.env.CATALOG_HOLD_FILE;

const processor = {
  getProcessorName: () => 'HeldCatalogProcessor',
  async preProcessEntity(entity) {
    while (existsSync(holdFile)) {
      await sleep(100);
    }
    return entity;
  },
};

export const heldCatalog = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'held-catalog',
  register(env) {
    env.registerInit({
      deps: { catalog: catalogProcessingExtensionPoint },
      async init({ catalog }) {
        if (holdFile) {
          catalog.addProcessor(processor);
        }
      },
    });
  },
});
