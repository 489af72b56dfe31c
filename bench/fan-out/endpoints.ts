/** Where each of many hosts listens: on Linux each has an address of its own, elsewhere a port. */
export function endpointOf(
  index: number,
  platform: NodeJS.Platform = process.platform,
): { readonly address: string; readonly port: number } {
  // Beside those of the labs, which are 127.77.
  if (platform === 'linux') return { address: `127.78.${Math.floor(index / 250)}.${(index % 250) + 1}`, port: 2222 };
  return { address: '127.0.0.1', port: 40_000 + index };
}

export const hostName = (index: number): string => `h${index}`;
