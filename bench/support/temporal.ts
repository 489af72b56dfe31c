import { startTemporal, type TemporalServer } from '../../test/support/temporal-server';
import { type Workshop } from '../harness/bench';

/** A Temporal server for a case, set up as the lab's is. */
export async function useTemporal(workshop: Workshop): Promise<TemporalServer> {
  const server = await startTemporal();
  workshop.onClose(() => server.close());
  const { serverVersion } = await server.client.workflowService.getSystemInfo({});
  workshop.version('Temporal server', serverVersion ?? 'unknown');
  return server;
}
