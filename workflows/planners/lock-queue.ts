/** Whether two resource paths exclude each other: a path conflicts with itself, and the whole site with everything. */
export function conflicts(a: readonly string[], b: readonly string[]): boolean {
  return a.some((one) => b.some((other) => one === other || one === 'site' || other === 'site'));
}

/**
 * The waiters that may go now, in order.
 *
 * First come, first served: nobody passes an earlier waiter it conflicts with, so that none starves.
 */
export function nextGrants<W extends { readonly resources: readonly string[] }>(
  holders: readonly { readonly resources: readonly string[] }[],
  queue: readonly W[],
): W[] {
  const taken = holders.map(({ resources }) => resources);
  const grants: W[] = [];
  for (const waiter of queue) {
    if (!taken.some((resources) => conflicts(resources, waiter.resources))) grants.push(waiter);
    taken.push(waiter.resources);
  }
  return grants;
}
