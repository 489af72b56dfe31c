export const serversPath = '/servers';

export const serverPath = (id: string) => `/servers/${encodeURIComponent(id)}`;

export const serverActionPath = (id: string) => `${serverPath(id)}/action`;

export const instanceActionsPath = (id: string) => `${serverPath(id)}/os-instance-actions`;

/** The service takes the name for a regular expression: escaped and anchored. */
export const serversByNamePath = (name: string) =>
  `/servers/detail?name=${encodeURIComponent(`^${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`)}`;
