import { configApiRef, createFrontendModule, identityApiRef } from '@backstage/frontend-plugin-api';
import { AnalyticsImplementationBlueprint } from '@backstage/plugin-app-react';
import { RelayAnalytics } from './RelayAnalytics.js';

/** For apps made with @backstage/frontend-defaults: one of their features. */
export default createFrontendModule({
  pluginId: 'app',
  extensions: [
    AnalyticsImplementationBlueprint.make({
      name: 'insights-relay',
      params: define =>
        define({
          deps: { configApi: configApiRef, identityApi: identityApiRef },
          factory: ({ configApi, identityApi }) => RelayAnalytics.fromConfig(configApi, { identityApi }),
        }),
    }),
  ],
});
