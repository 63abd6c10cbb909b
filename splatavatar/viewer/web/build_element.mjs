// Builds the npm package of <splat-avatar> into `../element`: a module, the script of one tag, types, licence.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, '../element');
/** bytes of the one script, compressed */
const MOST = 42_000;

/** `entry` and all that it needs, minified, as the file `name`. */
async function bundle(entry, name, format) {
  await build({
    configFile: false,
    root: HERE,
    logLevel: 'warn',
    publicDir: false,
    build: {
      outDir: OUT,
      emptyOutDir: false,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: join(HERE, 'src/element', entry),
        preserveEntrySignatures: 'exports-only',
        output: { format, entryFileNames: name },
      },
    },
  });
}

/** The declarations that those of the package refer to, and no others. */
function declare() {
  const all = mkdtempSync(join(tmpdir(), 'splat-avatar-'));
  const tsc = join(HERE, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(HERE, 'tsconfig.element.json'), '--outDir', all], {
    stdio: 'inherit',
  });
  const seen = new Set();
  const visit = (file) => {
    if (seen.has(file)) return;
    seen.add(file);
    const out = join(OUT, 'types', relative(all, file));
    mkdirSync(dirname(out), { recursive: true });
    // With the suffix every way of resolving modules finds them.
    const text = readFileSync(file, 'utf8').replace(/ from '(\.[^']+)'/g, (_, name) => {
      visit(`${join(dirname(file), name)}.d.ts`);
      return ` from '${name}.js'`;
    });
    writeFileSync(out, text);
  };
  visit(join(all, 'element/index.d.ts'));
  rmSync(all, { recursive: true });
}

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
await bundle('index.ts', 'index.js', 'es');
await bundle('define.ts', 'splat-avatar.js', 'iife');
declare();
cpSync(join(HERE, 'element'), OUT, { recursive: true });
copyFileSync(join(HERE, '../../../LICENSE'), join(OUT, 'LICENSE'));
const size = gzipSync(readFileSync(join(OUT, 'splat-avatar.js')), { level: 9 }).length;
console.log(`splat-avatar.js: ${(size / 1000).toFixed(1)} kB compressed`);
if (size > MOST) throw new Error(`splat-avatar.js has ${size} bytes compressed, the limit is ${MOST}`);
