// A frontend of the new frontend system.
import { createApp } from '@backstage/frontend-defaults';
import { ApiBlueprint, createFrontendModule, createFrontendPlugin, PageBlueprint } from '@backstage/frontend-plugin-api';
import { SignInPageBlueprint } from '@backstage/plugin-app-react';
import insightsRelayAnalytics from '@insights-relay/backstage-plugin-analytics-module/alpha';
import React from 'react';
import ReactDOM from 'react-dom/client';
import { catalogSearchApi, Pages } from './pages.jsx';
import { SignIn } from './sign-in.jsx';

const page = (name, path) => PageBlueprint.make({ name, params: { path, loader: async () => <Pages /> } });

const portal = createFrontendPlugin({
  pluginId: 'portal',
  extensions: [
    page('home', '/'),
    page('page', '/page'),
    ApiBlueprint.make({ name: 'search', params: define => define(catalogSearchApi) }),
  ],
});

const signIn = createFrontendModule({
  pluginId: 'app',
  extensions: [SignInPageBlueprint.make({ params: { loader: async () => SignIn } })],
});

const app = createApp({ features: [portal, signIn, insightsRelayAnalytics] });

ReactDOM.createRoot(document.getElementById('root')).render(app.createRoot());
