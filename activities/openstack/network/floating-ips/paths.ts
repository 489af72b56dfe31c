export const floatingIpsPath = '/floatingips';

export const floatingIpPath = (id: string) => `/floatingips/${encodeURIComponent(id)}`;

export const floatingIpsByAddressPath = (address: string) =>
  `/floatingips?floating_ip_address=${encodeURIComponent(address)}`;
