import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type FloatingIp, startFloatingIp } from '../../../lab/application/floating-ip';
import { type Service, serviceCommand } from '../../../lab/application/services';
import { seedDatabase } from '../../../lab/database/seed';
import { StandIn, type TestServer } from '../database/stand-in';
import { freePorts } from '../ports';

/** The whole web application on loopback addresses: database, two web servers, fallback page, balancer, public address. */
export class Site {
  readonly #processes = new Map<string, ChildProcess>();

  private constructor(
    readonly cockroach: StandIn,
    readonly database: TestServer,
    readonly floatingIp: FloatingIp,
    readonly balancer: string,
    readonly fallback: string,
    readonly port: number,
  ) {}

  static async start(): Promise<Site> {
    const [port = 0] = await freePorts(1);
    const floatingIp = await startFloatingIp({ host: '127.0.0.1', port: 0, serverPort: port });
    const cockroach = new StandIn();
    const server = await cockroach.server();
    const site = new Site(cockroach, server, floatingIp, '127.91.0.10', '127.91.0.13', port);
    await cockroach.start(server);
    const [host = '', sqlPort] = server.host.split(':');
    await seedDatabase({ host, port: Number(sqlPort), megabytes: 33 });

    const servers = ['127.91.0.11', '127.91.0.12'].map((address) => `${address}:${port}`);
    const database = server.host;
    await Promise.all([
      site.run('www1', { service: 'web-server', listen: servers[0] ?? '', name: 'www1', database }),
      site.run('www2', { service: 'web-server', listen: servers[1] ?? '', name: 'www2', database }),
      site.run('www3', { service: 'fallback-server', listen: `${site.fallback}:${port}` }),
      site.run('balancer', { service: 'balancer', listen: `${site.balancer}:${port}`, upstreams: servers }),
    ]);
    floatingIp.moveTo(site.balancer);
    return site;
  }

  get url(): string {
    return `http://127.0.0.1:${this.floatingIp.port}/`;
  }

  /** Runs a service and returns when it listens. */
  async run(name: string, service: Service): Promise<void> {
    const [program = '', ...args] = serviceCommand(service, this.cockroach.hostPath);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#processes.set(name, child);
    await once(createInterface(child.stdout), 'line');
  }

  async kill(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#processes.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async close(): Promise<void> {
    await this.floatingIp.close();
    for (const name of this.#processes.keys()) await this.kill(name, 'SIGTERM');
    await this.cockroach.close();
  }
}
