// Signs in whoever a request header names, as an authenticating proxy in front of Backstage would. The token that comes
// of it is issued and signed by the real auth backend.
import { createBackendModule } from '@backstage/backend-plugin-api';
import { AuthenticationError } from '@backstage/errors';
import {
  authProvidersExtensionPoint,
  createProxyAuthenticator,
  createProxyAuthProviderFactory,
} from '@backstage/plugin-auth-node';

const authenticator = createProxyAuthenticator({
  defaultProfileTransform: async () => ({ profile: {} }),
  initialize: () => undefined,
  async authenticate({ req }) {
    const userEntityRef = req.header('x-e2e-user');
    if (!userEntityRef) {
      throw new AuthenticationError('The x-e2e-user header is missing');
    }
    return { result: { userEntityRef } };
  },
});

// The catalog is not asked: the token is to be had while the catalog is still loading, for users that it does not know,
// and with the capitals that some resolvers leave in the entity ref.
const signInResolver = async ({ result }, context) =>
  context.issueToken({ claims: { sub: result.userEntityRef } });

export const headerSignIn = createBackendModule({
  pluginId: 'auth',
  moduleId: 'header-sign-in',
  register(env) {
    env.registerInit({
      deps: { providers: authProvidersExtensionPoint },
      async init({ providers }) {
        providers.registerProvider({
          providerId: 'header',
          factory: createProxyAuthProviderFactory({ authenticator, signInResolver }),
        });
      },
    });
  },
});
