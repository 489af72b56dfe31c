/** What a visitor of the lab writes in a second. */
const MOST_UNDER_WAY = 15;

/**
 * The posts that are gone are the acknowledged writes that are lost, and those that were under way when production went
 * down: such a one may have come to the database without its visitor having been told. There must be some of the former.
 */
export function expectLost(acknowledged: number, gone: number): void {
  expect(acknowledged).toBeGreaterThan(0);
  expect(acknowledged).toBeLessThanOrEqual(gone);
  expect(acknowledged).toBeGreaterThanOrEqual(gone - MOST_UNDER_WAY);
}
