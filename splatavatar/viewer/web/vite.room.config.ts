import { defineConfig } from 'vite';

// The room is a page of its own beside the viewer's: neither makes the other one larger.
export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    outDir: '../page',
    emptyOutDir: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: 'room.html' },
  },
});
