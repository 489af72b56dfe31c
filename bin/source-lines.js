'use strict';
const fs = require('node:fs');
const { SourceMap } = require('node:module');
const path = require('node:path');

/**
 * Lets stack traces name the lines of the sources of what lies in a directory of built files.
 *
 * Reads a map when the first stack asks for it. `process.setSourceMapsEnabled` reads that of each module as it is loaded,
 * those of packages too: a tenth of the start of a worker.
 */
function mapStacksIn(directory) {
  const maps = new Map();
  const mapOf = (file) => {
    if (!maps.has(file)) maps.set(file, readMap(file));
    return maps.get(file);
  };
  const lineOf = (call) => {
    const [text, file] = [String(call), call.getFileName()];
    const map = file?.startsWith(directory + path.sep) ? mapOf(file) : null;
    const { originalSource, originalLine, originalColumn } =
      map?.findEntry(call.getLineNumber() - 1, call.getColumnNumber() - 1) ?? {};
    if (originalSource === undefined) return text;
    const source = path.resolve(path.dirname(file), originalSource);
    const place = `${file}:${call.getLineNumber()}:${call.getColumnNumber()}`;
    return text.replace(place, () => `${source}:${originalLine + 1}:${originalColumn + 1}`);
  };
  Error.prepareStackTrace = (error, calls) =>
    [Error.prototype.toString.call(error), ...calls.map((call) => `    at ${lineOf(call)}`)].join('\n');
}

/** A stack without lines of the sources is better than none. */
function readMap(file) {
  try {
    return new SourceMap(JSON.parse(fs.readFileSync(`${file}.map`, 'utf8')));
  } catch {
    return null;
  }
}

module.exports = { mapStacksIn };
