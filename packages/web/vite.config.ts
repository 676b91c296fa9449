import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Where `vite` (development only) finds the API; the built bundle is served by the API's own server. */
const api = `http://127.0.0.1:${process.env.RAMET_PORT ?? '8420'}`

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), tailwindcss()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // What the code itself needs: Promise.withResolvers, AbortSignal.any, light-dark().
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // `data:` URLs and inline scripts are refused by the content security policy `default-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The app, and the page of a published shell, which is served at a host of its own.
    rolldownOptions: { input: ['index.html', 'shell.html'].map((name) => fileURLToPath(new URL(name, import.meta.url))) },
    // React, Base UI and the router are one chunk that every page needs (560 kB, 180 kB compressed); only the terminal comes later.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': { target: api, ws: true } } },
})
