export type { Executed, HostSpec, Isolation, LabHost, LabHosts } from './spec';
export { LabNetwork } from './network';
export { createHosts, probeIsolation } from './create-hosts';
