import { type ServiceName } from './state';

/** What goes wrong with a service: answered with `status` instead of being handled, after `delayMs`; for ever, or `forMs`. */
export interface ApiFault {
  status?: number;
  delayMs?: number;
  forMs?: number;
}

/** The faults in force, at most one a service. */
export class ApiFaults {
  private readonly faults = new Map<ServiceName, ApiFault & { untilMs: number }>();

  /** Replaces the service's fault, if it has one. */
  set(service: ServiceName, fault: ApiFault): void {
    this.faults.set(service, { ...fault, untilMs: Date.now() + (fault.forMs ?? Infinity) });
  }

  /** The fault a request meets that arrives now. */
  of(service: ServiceName): ApiFault {
    const fault = this.faults.get(service);
    return fault && Date.now() < fault.untilMs ? fault : {};
  }

  /** Whether the service answers nobody, the other services included. */
  isDown(service: ServiceName): boolean {
    return (this.of(service).status ?? 0) >= 500;
  }

  clear(): void {
    this.faults.clear();
  }
}
