/*
 * What Temporal accepts as the two names of a version, without characters that a shell would need quoted. Temporal's own limit of their length depends on its database: 108 with SQL.
 */
export const DEPLOYMENT_NAME = /^(?!__)[\w@/-]{1,100}$/;

export const DEPLOYMENT_NAME_FORM =
  'a name of letters, digits, "_", "-", "/" and "@", at most 100, that does not start with "__"';

export const BUILD_ID = /^(?!__)[\w@/.:+-]{1,100}$/;

export const BUILD_ID_FORM =
  'a string of letters, digits and "_-./:@+", at most 100 characters, that does not start with "__"';
