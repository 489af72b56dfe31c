#!/usr/bin/env node
'use strict';
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { withLock } = require('./setup/lock');
const { say } = require('./setup/say');

const folders = ['workflows', 'activities', 'workers', 'cli', 'lab', 'test/sim'];
const bundleFile = 'workflow-bundle.js';

/**
 * Brings `build/` up to date with the sources: each TypeScript file as CommonJS, and the workflow bundle.
 *
 * Does nothing, quickly, when nothing has changed; says so on stderr when it has. Safe to call from several processes.
 * @param root the project's directory
 */
async function build(root) {
  if (isCurrent(root, wanted(root))) return;
  const wait = (pid) => say(`Another process (pid ${pid}) is building: waiting for it`);
  await withLock(path.join(root, 'build', '.build-lock'), wait, async () => {
    const want = wanted(root);
    if (isCurrent(root, want)) return;
    const have = manifest(root);
    const stale = Object.keys(want.files).filter((file) => want.files[file] !== have.files[file]);
    say(`Building ${stale.length} file${stale.length === 1 ? '' : 's'}`);
    await transform(root, stale);
    for (const file of Object.keys(have.files).filter((file) => !(file in want.files))) remove(root, file);
    if (want.bundle !== have.bundle) await bundle(root);
    write(root, 'manifest.json', JSON.stringify(want));
  });
}

/** What `build/` should have been made from: a hash of each source, and one of everything the bundle is made of. */
function wanted(root) {
  const tools = hash(['.swcrc', 'package-lock.json', 'bin/build.js'].map((file) => read(root, file)).join());
  const files = {};
  for (const file of folders.flatMap((folder) => sources(root, folder))) files[file] = hash(tools + read(root, file));
  const bundled = Object.keys(files).filter((file) => file.startsWith('workflows/'));
  return { files, bundle: hash(bundled.map((file) => `${file} ${files[file]}`).join()) };
}

/** Node's own recursive listing takes five times as long. */
function sources(root, folder) {
  return fs
    .readdirSync(path.join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sources(root, inside);
      return /(?<!\.d|\.test)\.ts$/.test(inside) ? [inside] : [];
    });
}

function isCurrent(root, want) {
  const have = manifest(root);
  const outputs = [...Object.keys(want.files).map(outputOf), bundleFile];
  return (
    JSON.stringify(have) === JSON.stringify(want) &&
    outputs.every((file) => fs.existsSync(path.join(root, 'build', file)))
  );
}

function manifest(root) {
  try {
    return JSON.parse(read(root, 'build/manifest.json'));
  } catch {
    return { files: {}, bundle: '' };
  }
}

async function transform(root, files) {
  const swc = require('@swc/core');
  await Promise.all(
    files.map(async (file) => {
      const sourceFileName = path.relative(path.dirname(path.join('build', file)), file);
      // Most commands need few packages. A worker loads all of them before it polls: they may be replaced under it later.
      const module = { type: 'commonjs', lazy: /^(cli|lab)\//.test(file) };
      const { code, map } = await swc.transformFile(path.join(root, file), { cwd: root, sourceFileName, module });
      const output = outputOf(file);
      write(root, output, `${code}\n//# sourceMappingURL=${path.basename(output)}.map\n`);
      write(root, `${output}.map`, map);
    }),
  );
}

/** From the TypeScript sources, so that stack traces of workflows name their lines. */
async function bundle(root) {
  say('Bundling the workflows');
  const { bundleWorkflowCode, DefaultLogger } = require('@temporalio/worker');
  const logger = new DefaultLogger('ERROR', ({ message }) => say(message));
  const { code } = await bundleWorkflowCode({ workflowsPath: path.join(root, 'workflows', 'index.ts'), logger });
  write(root, bundleFile, withoutSources(code));
}

/** Its map keeps the lines, not the sources, which nobody shows: a worker that parses those starts later, and 25 MB larger. */
function withoutSources(code) {
  return code.replace(/(?<=\n\/\/# sourceMappingURL=data:[^,]*;base64,)\S+/, (encoded) => {
    const { sourcesContent: _, ...map } = JSON.parse(Buffer.from(encoded, 'base64').toString());
    return Buffer.from(JSON.stringify(map)).toString('base64');
  });
}

const outputOf = (file) => file.replace(/\.ts$/, '.js');
const hash = (text) => createHash('sha256').update(text).digest('hex');
const read = (root, file) => fs.readFileSync(path.join(root, file), 'utf8');

/** A reader sees the old file or the new one, never a part. */
function write(root, file, text) {
  const target = path.join(root, 'build', file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(`${target}.new`, text);
  fs.renameSync(`${target}.new`, target);
}

function remove(root, file) {
  for (const gone of [outputOf(file), `${outputOf(file)}.map`])
    fs.rmSync(path.join(root, 'build', gone), { force: true });
}

module.exports = { build };

if (require.main === module)
  build(path.dirname(__dirname)).catch((error) => {
    say(error.stack ?? String(error));
    process.exitCode = 2;
  });
