// A level of detail of the page, for benchmarks/level_table.py: node show_level.mjs AVATAR LEVEL, from the folder of this file.
// Prints, as JSON, which Gaussians of the avatar a level keeps, and in base 64 the scales (N, 3) and colours (N, 3) that
// they have there, as the file would hold them.
import { readFileSync } from 'node:fs';
import { createServer } from 'vite';

const [, , file, level] = process.argv;
const server = await createServer({
  server: { middlewareMode: true, ws: false },
  appType: 'custom',
  logLevel: 'error',
});
try {
  const { readAvatar } = await server.ssrLoadModule('/src/file/read_avatar.ts');
  const { LeveledAvatar } = await server.ssrLoadModule('/src/detail/levels.ts');
  const bytes = readFileSync(file);
  const levels = new LeveledAvatar(
    await readAvatar(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
  );
  const { scale, colour } = levels.at(Number(level)).avatar.splats;
  const text = (values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
  console.log(JSON.stringify({ kept: [...levels.kept(Number(level))], scale: text(scale), colour: text(colour) }));
} finally {
  await server.close();
}
