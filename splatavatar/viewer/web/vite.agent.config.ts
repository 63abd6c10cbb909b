import { defineConfig } from 'vite';

// The page of a talking avatar is one of its own, too: the others do not grow with what it connects by.
export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    outDir: '../page',
    emptyOutDir: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rollupOptions: { input: 'agent.html' },
  },
});
