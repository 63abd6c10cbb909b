import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: {
    outDir: '../page',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
  },
});
