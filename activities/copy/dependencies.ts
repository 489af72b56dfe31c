import { type OpenStack } from '../openstack';
import { type SshHosts } from '../ssh/hosts';
import { type RouteTo } from './route';

export interface CopyDependencies {
  readonly openstack: OpenStack;
  readonly ssh: SshHosts;
  /** How one host of the site reaches another; see `knownRoutes`. */
  readonly routeTo: RouteTo;
}
