/** Every recorded call the simulator does not answer like the real cloud, by the reason why it need not. */
const BY_REASON: Record<string, string[]> = {
  'the lab has no image service': [
    ...['029-glance-no-token', '030-glance-bad-token', '050-glance-versions', '054-images-by-name', '214-image-create'],
    ...['215-image-upload', '216-image-get', '217-image-upload-again', '218-image-patch', '219-image-missing'],
    ...['220-image-create-bad', '221-image-delete', '222-image-delete-again', '223-image-delete-foreign'],
    ...['224-images-list', '262-outage-keystone-down-glance'],
  ],
  'the lab has no placement service': [
    ...['033-placement-no-token', '034-placement-bad-token', '052-placement-version', '241-placement-member-forbidden'],
    ...['242-placement-providers', '243-placement-usages', '244-placement-allocations'],
  ],
  'the lab has no administrator': [
    ...['046-auth-admin', '124-admin-lock', '126-admin-unlock', '182-fip-create-address-taken-admin'],
    ...['245-services-admin', '246-hypervisors-admin', '248-agents-admin', '249-servers-all-tenants-admin'],
    '254-outage-compute-down-services',
  ],
  'servers are there from the start: none is created, rebuilt, renamed or deleted': [
    ...['069-server-create', '070-server-get-building', '071-server-stop-just-created', '078-server-create-2.79'],
    ...['079-server-stop-while-spawning', '080-server-get-spawning', '081-server-create-third'],
    ...['082-server-delete-stopping', '084-server-create-fourth', '085-server-delete-while-building'],
    ...['136-server-rename', '137-server-rename-back', '141-server-create-no-name', '142-server-create-bad-flavor'],
    ...['143-server-create-bad-image', '144-server-create-bad-network', '145-server-create-bad-keypair'],
    ...['146-server-create-extra-field', '147-server-create-quota', '148-server-create-external-network'],
    ...['149-server-get-external-network', '150-server-delete-external-network'],
    ...['151-server-create-networks-auto-2.1', '152-server-create-not-json', '153-server-create-wrong-content-type'],
    ...['154-server-create-will-fail', '158-server-delete-error', '265-outage-neutron-down-create'],
    ...['269-server-delete', '270-server-get-deleting', '271-server-delete-while-deleting'],
    ...['272-server-start-while-deleting', '274-server-delete-again', '277-server-delete-b'],
  ],
  'a server of the lab is on or off: it is not paused or suspended': [
    ...['106-server-pause-stopped', '127-server-pause', '128-server-stop-paused', '129-server-unpause'],
    ...['130-server-suspend', '131-server-resume'],
  ],
  'limits, quotas, zones, key pairs and extensions do not exist in the lab': [
    ...['060-limits', '061-keypairs', '062-neutron-quota', '063-extensions', '064-availability-zones'],
    ...['065-keypair-create', '066-keypair-duplicate', '067-keypair-delete', '068-keypair-delete-missing'],
  ],
  'networks, subnets, ports and interfaces are there from the start': [
    ...['184-network-create', '185-subnet-create', '186-port-create', '187-fip-associate-unrouted-port'],
    ...['188-network-delete-in-use', '189-port-delete', '190-network-delete', '212-interface-attach'],
    '213-interface-detach',
  ],
  'floating IPs are there from the start: they move, none is created or deleted': [
    ...['165-fip-create', '173-fip-create-second', '177-fip-create-bad-network', '178-fip-create-on-internal-network'],
    ...['179-fip-create-no-network', '180-fip-create-unknown-attr', '181-fip-create-address-taken', '183-fip-quota'],
    ...[
      '196-fip-delete',
      '197-fip-delete-again',
      '198-fip-delete-second',
      '199-fip-create-with-port',
      '276-fip-delete-last',
    ],
  ],
  "nova's own way to floating IPs has been gone since 2.44": [
    ...['192-nova-addFloatingIp-2.1', '193-nova-addFloatingIp-2.79'],
  ],
  'the lab has no firewall between its hosts': [
    ...['139-server-security-groups', '200-sg-create', '201-sg-rule-create', '202-sg-rule-duplicate', '203-sg-get'],
    ...['204-sg-list', '205-server-add-sg', '206-server-add-sg-again', '207-sg-delete-in-use', '208-server-remove-sg'],
    ...['209-server-add-sg-missing', '210-sg-rule-delete', '211-sg-delete'],
  ],
  'volumes are there from the start and stay where they are attached': [
    ...['225-volume-create', '227-volume-attach', '231-volume-attach-again', '232-volume-delete-in-use'],
    ...['233-volume-attach-missing', '234-volume-detach', '235-volume-detach-again', '237-volume-create-bad-size'],
    ...['238-volume-create-quota', '240-volume-delete', '267-outage-cinder-down-attach'],
  ],
  'the console is kept as text: nothing asks the hypervisor for it, or shows a screen': [
    ...['119-server-remote-console', '253-outage-compute-frozen-console', '255-outage-compute-down-console'],
  ],
};

/** Name of a recorded call → why it is out of scope. */
export const OUT_OF_SCOPE: Record<string, string> = Object.fromEntries(
  Object.entries(BY_REASON).flatMap(([reason, names]) => names.map((name) => [name, reason])),
);

/** The same, as listed: a name may be there twice by mistake. */
export const OUT_OF_SCOPE_NAMES = Object.values(BY_REASON).flat();
