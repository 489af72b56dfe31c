// Every name exported here becomes a workflow type: list them one by one.
export { dailyBackup } from './daily-backup';
export { restore } from './restore';
export { restoreDrill } from './restore-drill';
export { production } from './production';
export { hosts } from './hosts';
export { guard } from './guard';
export { lock } from './lock';
export { catalogue } from './catalogue';
