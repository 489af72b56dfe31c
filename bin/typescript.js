'use strict';
const fs = require('node:fs');
const Module = require('node:module');
const { transformSync } = require('@swc/core');

/** Lets this process `require` TypeScript, for what is not built ahead: tests and their tools. @param root the project's directory */
function requireTypeScript(root) {
  Module._extensions['.ts'] = (module, filename) => {
    const { code } = transformSync(fs.readFileSync(filename, 'utf8'), { cwd: root, filename, sourceMaps: 'inline' });
    module._compile(code, filename);
  };
  process.setSourceMapsEnabled(true);
}

module.exports = { requireTypeScript };
