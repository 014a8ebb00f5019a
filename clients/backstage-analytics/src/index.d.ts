import type { AnalyticsApi, AnalyticsEvent, AnyApiFactory, ConfigApi, IdentityApi } from '@backstage/core-plugin-api';

/** What {@link RelayAnalytics} is made with. Times are in milliseconds. */
export interface RelayAnalyticsOptions {
  /** Where events go: the relay's /v1/events as browsers reach it. */
  endpoint: string;
  /** Who is signed in, and with which token. */
  identityApi: Pick<IdentityApi, 'getBackstageIdentity' | 'getCredentials'>;
  /** Most events in a request. Default: 50. */
  batchSize?: number;
  /** How long an event waits for others before it is sent. Default: 5,000. */
  flushInterval?: number;
  /** Most events that wait in the browser; beyond it the oldest are dropped. Default: 1,000. */
  maxEvents?: number;
  /** Older events are dropped; no more than the relay's ingest.dedupe.window. Default: a week. */
  maxAge?: number;
  /** Where events wait. Default: localStorage. Where there is none, or no room in it, they wait in memory. */
  storage?: Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>;
  /** What tells that the page is being left. Default: document. */
  page?: EventTarget & { readonly visibilityState: DocumentVisibilityState };
  /** Called when events are given up. Default: a warning on the console. */
  onDropped?: (count: number, why: 'full' | 'old' | 'refused') => void;
}

/**
 * Backstage's AnalyticsApi for Insights Relay. An event is in the browser's storage when captureEvent returns, and stays there until
 * the relay has acknowledged it. Never throws into the page that is measured, and never makes it wait.
 */
export declare class RelayAnalytics implements AnalyticsApi {
  /** With the settings in app.analytics.insightsRelay, see config.d.ts. @throws Error if there is no endpoint */
  static fromConfig(config: ConfigApi, options: Pick<RelayAnalyticsOptions, 'identityApi'> & Partial<RelayAnalyticsOptions>): RelayAnalytics;
  constructor(options: RelayAnalyticsOptions);
  captureEvent(event: AnalyticsEvent): void;
  /** Sends what waits now. Resolves when it is with the relay or has to wait for a retry. Rejects if Backstage gives no identity. */
  flush(): Promise<void>;
}

/** For apps made with @backstage/app-defaults or @backstage/core-app-api: an entry of their apis. */
export declare const insightsRelayAnalyticsApi: AnyApiFactory;
