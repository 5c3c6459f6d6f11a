#!/usr/bin/env node
// Says what is missing before anything is loaded that an older Node could not even parse.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  console.error(`error: Animus needs Node 22.15 or newer; this is ${process.versions.node}.`);
  console.error('  Install a newer Node, or run it through npm in its repository, which brings one along.');
  process.exit(2);
}
// Some versions of Node announce that their SQLite is young; nobody who runs a command needs to know.
const emitWarning = process.emitWarning;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning?.message ?? warning).includes('SQLite is an experimental feature')) {
    emitWarning.call(process, warning, ...rest);
  }
};
await import('./host/cli.mjs');
