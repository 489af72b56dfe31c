import { siteDocument } from '../../../workflows/contract/site';

/** The site file of the site in memory. */
export const modelDocument = siteDocument.parse({
  hosts: {
    balancer: { address: '192.0.2.1', server: 'balancer' },
    www3: { address: '192.0.2.2', server: 'www3' },
    db1: { address: '192.0.2.3', server: 'db1' },
    backup: { address: '192.0.2.4', server: 'backup' },
  },
  cloud: 'fake',
  production: {
    url: 'http://192.0.2.9/',
    floatingIp: '192.0.2.9',
    up: { server: 'balancer', status: 200, title: 'bookface' },
    down: { server: 'www3', status: 503, title: 'maintenance', check: 'http://192.0.2.2/' },
  },
  database: {
    engine: 'cockroach',
    host: 'db1',
    store: '/bfdata',
    listen: '192.0.2.3:26257',
    http: '192.0.2.3:8080',
    database: 'bookface',
    tables: ['users'],
  },
  backup: { host: 'backup', volume: '/backup', directory: '/backup/bookface' },
  limits: { maxDowntimeSeconds: 60, databaseStopSeconds: 5, bootSeconds: 5 },
  notify: [{ webhook: 'http://192.0.2.8/' }],
});
