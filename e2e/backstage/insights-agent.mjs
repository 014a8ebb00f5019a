// A backend plugin that reports to backstage-insights, as agents in a portal do. Here it only hands out the tokens that
// Backstage gives it for such a call, so that tests can use them. For tests: a real plugin never shows its tokens.
//
//   GET /api/insights-agent/plugin-token          the plugin's own, or on behalf of the user whose token comes along
//   GET /api/insights-agent/limited-user-token    the user's, as Backstage puts it into cookies
import { coreServices, createBackendPlugin } from '@backstage/backend-plugin-api';
import { NotFoundError } from '@backstage/errors';

const TARGET = 'backstage-insights';

export const insightsAgent = createBackendPlugin({
  pluginId: 'insights-agent',
  register(env) {
    env.registerInit({
      deps: {
        auth: coreServices.auth,
        httpAuth: coreServices.httpAuth,
        httpRouter: coreServices.httpRouter,
      },
      async init({ auth, httpAuth, httpRouter }) {
        const tokens = {
          async '/plugin-token'(req) {
            const caller = await httpAuth.credentials(req, { allow: ['user', 'none'] });
            return auth.getPluginRequestToken({
              onBehalfOf: auth.isPrincipal(caller, 'user') ? caller : await auth.getOwnServiceCredentials(),
              targetPluginId: req.query.target ?? TARGET,
            });
          },
          async '/limited-user-token'(req) {
            return auth.getLimitedUserToken(await httpAuth.credentials(req, { allow: ['user'] }));
          },
        };
        httpRouter.addAuthPolicy({ path: '/plugin-token', allow: 'unauthenticated' });
        httpRouter.use((req, res, next) => {
          const token = tokens[req.path] ?? (() => Promise.reject(new NotFoundError(req.path)));
          token(req).then(answer => res.json(answer), next);
        });
      },
    });
  },
});
