// Pieces of app-config.yaml, as an operator pastes them: keys with dots and slashes, booleans, strings and lists.
export const INSIGHTS = `
backstageInsights:
  captureEntityFields:
    - metadata.annotations.example.com/cost.center
    - metadata.annotations.example.com/on-call
    - metadata.annotations.example.com/hotline
    - metadata.tags
  captureIdentityFields:
    - spec.profile
  captureIdentityGroupsFilter:
    kind: Group
    spec.type: [team, department]
    metadata.annotations.example.com/insights: true
`;

/** Counts the users of a namespace and those of a group. */
export const COUNTED_USERS = `
backstageInsights:
  totalUsersEntityQueryFilter:
    - metadata.namespace: partners
    - relations.memberOf: group:default/contractors
`;
