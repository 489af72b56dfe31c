import { type Bench } from './harness/bench';
import { archive } from './archive';
import { downtime } from './downtime';
import { fanOut } from './fan-out';
import { resume } from './resume';
import { simulation } from './simulation';
import { start } from './start';
import { step } from './step';

/** Every bench there is, in the order they are run. */
export const benches: readonly Bench[] = [step, simulation, start, resume, archive, fanOut, downtime];
