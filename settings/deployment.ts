/*
 * What Temporal accepts as the two names of a version, less what a shell would have to quote. Temporal's own limit of
 * their length hangs on its database: 108 with SQL.
 */
export const DEPLOYMENT_NAME = /^(?!__)[\w@/-]{1,100}$/;

export const DEPLOYMENT_NAME_FORM =
  'a name of letters, digits, "_", "-", "/" and "@", 100 at the most, that does not begin with "__"';

export const BUILD_ID = /^(?!__)[\w@/.:+-]{1,100}$/;

export const BUILD_ID_FORM =
  'a text of letters, digits and "_-./:@+", 100 characters at the most, that does not begin with "__"';
