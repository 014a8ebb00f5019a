// What the README tells users to write, against Backstage's own types; compiled and never run. An error that is expected and does not come is one.
import { analyticsApiRef, configApiRef, createApiFactory, identityApiRef } from '@backstage/core-plugin-api';
import type { AnalyticsApi, AnyApiFactory, ConfigApi, IdentityApi } from '@backstage/core-plugin-api';
import type { FrontendFeature } from '@backstage/frontend-plugin-api';
import { RelayAnalytics, insightsRelayAnalyticsApi } from '@insights-relay/backstage-plugin-analytics-module';
import type { RelayAnalyticsOptions } from '@insights-relay/backstage-plugin-analytics-module';
import insightsRelayAnalytics from '@insights-relay/backstage-plugin-analytics-module/alpha';
import type { Config } from '../../config';

declare const identityApi: IdentityApi;
declare const configApi: ConfigApi;

// the new frontend system
export const features: FrontendFeature[] = [insightsRelayAnalytics];

// the legacy one
export const apis: AnyApiFactory[] = [
  insightsRelayAnalyticsApi,
  createApiFactory({
    api: analyticsApiRef,
    deps: { configApi: configApiRef, identityApi: identityApiRef },
    factory: ({ configApi, identityApi }) => RelayAnalytics.fromConfig(configApi, { identityApi, batchSize: 10 }),
  }),
];

// by hand
const options: RelayAnalyticsOptions = {
  endpoint: 'https://relay.example.com/v1/events',
  identityApi,
  storage: window.sessionStorage,
  page: document,
  onDropped: (count, why) => console.warn(count.toFixed(), why satisfies 'full' | 'old' | 'refused'),
};
const analytics: AnalyticsApi & { flush(): Promise<void> } = new RelayAnalytics(options);
analytics.captureEvent({ action: 'click', subject: '/', context: { pluginId: 'catalog', extension: 'App', routeRef: 'unknown' } });

export const config: Config = { app: { analytics: { insightsRelay: { endpoint: options.endpoint, maxAgeHours: 24 } } } };

// @ts-expect-error there is no default for the endpoint
new RelayAnalytics({ identityApi });
// @ts-expect-error nor for who is signed in
RelayAnalytics.fromConfig(configApi, {});
// @ts-expect-error no such option
new RelayAnalytics({ ...options, flushSeconds: 5 });
