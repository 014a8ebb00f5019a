export interface Config {
  app?: {
    analytics?: {
      insightsRelay?: {
        /**
         * Where events go: the relay's /v1/events as browsers reach it, such as https://relay.example.com/v1/events.
         * @visibility frontend
         */
        endpoint: string;
        /**
         * Most events in a request. Default: 50.
         * @visibility frontend
         */
        batchSize?: number;
        /**
         * How long an event waits for others before it is sent, in seconds. Default: 5.
         * @visibility frontend
         */
        flushSeconds?: number;
        /**
         * Most events that wait in the browser; beyond it the oldest are dropped. Default: 1000.
         * @visibility frontend
         */
        maxEvents?: number;
        /**
         * Older events are dropped, in hours; no more than the relay's ingest.dedupe.window. Default: 168, a week.
         * @visibility frontend
         */
        maxAgeHours?: number;
      };
    };
  };
}
