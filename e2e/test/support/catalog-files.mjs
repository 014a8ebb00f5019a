// What catalog/ holds, read without Backstage: what tests expect does not come from the side that they test.
import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

const folder = new URL('../../catalog/', import.meta.url);

const entities = readdirSync(folder).flatMap(file =>
  parseAllDocuments(readFileSync(new URL(file, folder), 'utf8')).map(document => document.toJS()));

export const users = entities.filter(entity => entity.kind === 'User');

export const totals = {
  entities: entities.length,
  memberOf: users.reduce((sum, user) => sum + user.spec.memberOf.length, 0),
  childOf: entities.filter(entity => entity.kind === 'Group' && entity.spec.parent).length,
};
