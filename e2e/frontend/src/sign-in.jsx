// Users sign in as behind an authenticating proxy: Backstage's own page asks the auth backend for a token, and for a new one when it runs out.
import { ProxiedSignInPage } from '@backstage/core-components';
import React from 'react';

const user = () => localStorage.getItem('e2e-user') ?? 'user:default/grace.wu';

export const SignIn = props => <ProxiedSignInPage {...props} provider="header" headers={{ 'x-e2e-user': user() }} />;
