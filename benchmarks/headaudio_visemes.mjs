// The visemes that HeadAudio shows for a sound, without a browser:
//   node headaudio_visemes.mjs PACKAGE SAMPLES > VISEMES.json
// PACKAGE is the unpacked npm package @met4citizen/headaudio, SAMPLES holds float32 at 16 kHz. The output has the names of
// the visemes, and their values 60 times a second as a page that is drawn so often would get them.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const RATE = 16000;
const FPS = 60;
const BLOCK = 128; // samples that a browser hands over at a time

const [folder, sound] = process.argv.slice(2).map((path) => resolve(path));
globalThis.AudioWorkletNode = class {
  port = {};
};
globalThis.fetch = async (path) => new Response(await readFile(path));

const module = (name) => import(pathToFileURL(join(folder, "modules", name)));
const { HeadAudio } = await module("headaudio.mjs");
const { Processor } = await module("processor.mjs");

const node = new HeadAudio(null);
const port = { postMessage: (data) => node.port.onmessage({ data }) };
const processor = new Processor({ sampleRate: RATE }, { port });
node.port.postMessage = (data) => processor._onmessage({ data });
await node.loadModel(join(folder, "dist", "model-en-mixed.bin"));

const now = Object.fromEntries(node.visemeNames.map((name) => [name, 0]));
node.onvalue = (name, value) => {
  now[name] = value;
};
const bytes = await readFile(sound);
const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const rows = [];
for (let start = 0; start < samples.length; start += BLOCK) {
  processor.process(samples.subarray(start, start + BLOCK));
  while ((rows.length * RATE) / FPS <= start + BLOCK) {
    node.update(1000 / FPS);
    rows.push(Object.values(now));
  }
}
process.stdout.write(JSON.stringify({ names: Object.keys(now), rows }));
