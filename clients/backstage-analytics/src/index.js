import { analyticsApiRef, configApiRef, createApiFactory, identityApiRef } from '@backstage/core-plugin-api';
import { RelayAnalytics } from './RelayAnalytics.js';

export { RelayAnalytics };

/** For apps made with @backstage/app-defaults or @backstage/core-app-api: an entry of their apis. */
export const insightsRelayAnalyticsApi = createApiFactory({
  api: analyticsApiRef,
  deps: { configApi: configApiRef, identityApi: identityApiRef },
  factory: ({ configApi, identityApi }) => RelayAnalytics.fromConfig(configApi, { identityApi }),
});
