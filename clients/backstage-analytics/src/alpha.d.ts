import type { FrontendModule } from '@backstage/frontend-plugin-api';

/** For apps made with @backstage/frontend-defaults: one of their features. */
declare const insightsRelayAnalyticsModule: FrontendModule;
export default insightsRelayAnalyticsModule;
