// A frontend of @backstage/core-app-api, with what @backstage/app-defaults would add and these pages need.
import {
  AlertApiForwarder, AppRouter, createFetchApi, createSpecializedApp, ErrorAlerter, ErrorApiForwarder, FetchMiddlewares, FlatRoutes,
  FrontendHostDiscovery, WebStorage,
} from '@backstage/core-app-api';
import { ErrorPage, ErrorPanel, Progress } from '@backstage/core-components';
import {
  alertApiRef, configApiRef, createApiFactory, discoveryApiRef, errorApiRef, fetchApiRef, identityApiRef, storageApiRef,
} from '@backstage/core-plugin-api';
import { themes, UnifiedThemeProvider } from '@backstage/theme';
import { insightsRelayAnalyticsApi } from '@insights-relay/backstage-plugin-analytics-module';
import React from 'react';
import ReactDOM from 'react-dom/client';
import { BrowserRouter, Route } from 'react-router-dom';
import { catalogSearchApi, Pages } from './pages.jsx';
import { SignIn } from './sign-in.jsx';

const defaultApis = [
  createApiFactory({
    api: discoveryApiRef,
    deps: { configApi: configApiRef },
    factory: ({ configApi }) => FrontendHostDiscovery.fromConfig(configApi),
  }),
  createApiFactory(alertApiRef, new AlertApiForwarder()),
  createApiFactory({
    api: errorApiRef,
    deps: { alertApi: alertApiRef },
    factory: ({ alertApi }) => new ErrorAlerter(alertApi, new ErrorApiForwarder()),
  }),
  createApiFactory({
    api: storageApiRef,
    deps: { errorApi: errorApiRef },
    factory: ({ errorApi }) => WebStorage.create({ errorApi }),
  }),
  createApiFactory({
    api: fetchApiRef,
    deps: { configApi: configApiRef, identityApi: identityApiRef },
    factory: ({ configApi, identityApi }) =>
      createFetchApi({ middleware: [FetchMiddlewares.injectIdentityAuth({ identityApi, config: configApi })] }),
  }),
];

const app = createSpecializedApp({
  apis: [insightsRelayAnalyticsApi, catalogSearchApi],
  defaultApis,
  components: {
    Progress,
    Router: BrowserRouter,
    SignInPage: SignIn,
    NotFoundErrorPage: () => <ErrorPage status="404" statusMessage="PAGE NOT FOUND" />,
    BootErrorPage: ({ error }) => <pre>{error.stack}</pre>,
    ErrorBoundaryFallback: ({ error }) => <ErrorPanel error={error} />,
  },
  icons: {},
  themes: [{ id: 'light', title: 'Light', variant: 'light', Provider: ({ children }) => <UnifiedThemeProvider theme={themes.light}>{children}</UnifiedThemeProvider> }],
});

const App = app.createRoot(
  <AppRouter>
    <FlatRoutes>
      <Route path="/" element={<Pages />} />
      <Route path="/page" element={<Pages />} />
    </FlatRoutes>
  </AppRouter>,
);

ReactDOM.createRoot(document.getElementById('root')).render(<App />);
