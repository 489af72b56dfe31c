import { type Request } from '../../request';
import { portPath, portsOfServerPath } from './paths';
import { type PortView, readPort, readPorts } from './results';

export const getPort = (id: string): Request<PortView> => ({
  method: 'GET',
  service: 'network',
  path: portPath(id),
  expected: [200],
  target: `port/${id}`,
  read: readPort,
});

export const listPortsOfServer = ({
  id,
  name,
}: {
  readonly id: string;
  readonly name: string;
}): Request<PortView[]> => ({
  method: 'GET',
  service: 'network',
  path: portsOfServerPath(id),
  expected: [200],
  target: `server/${name}`,
  read: readPorts,
});
