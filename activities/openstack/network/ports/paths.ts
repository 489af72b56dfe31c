export const portPath = (id: string) => `/ports/${encodeURIComponent(id)}`;

export const portsOfServerPath = (serverId: string) => `/ports?device_id=${encodeURIComponent(serverId)}`;
