import { type CopyDependencies } from '../copy';
import { type Clock } from '../openstack/clock';

export interface RestoreDependencies extends CopyDependencies {
  readonly clock: Clock;
}
