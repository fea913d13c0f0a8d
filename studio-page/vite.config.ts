import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/** The fake server, for `npm run dev` only. */
function mockServer(): Plugin {
  return {
    name: "mock-server",
    apply: "serve",
    async configureServer(server) {
      const { handle } = (await import("./mock/server.mjs")) as {
        handle: (request: unknown, response: unknown, next: () => void) => void;
      };
      server.middlewares.use(handle);
    },
  };
}

const ONNXRUNTIME_COPYRIGHT = "Copyright (c) Microsoft Corporation. All rights reserved.";

/** Licences of what is bundled travel with it. Both are MIT; only Konva's package brings the text along. */
function notices(): Plugin {
  const read = (path: string): string =>
    readFileSync(new URL(`./node_modules/${path}`, import.meta.url), "utf8");
  const titleOf = (name: string): string => {
    const { version, license } = JSON.parse(read(`${name}/package.json`)) as {
      version: string;
      license: string;
    };
    if (license !== "MIT")
      throw new Error(`${name} has the licence ${license} now: look at what it asks for`);
    return `${name} ${version}, licence: ${license}`;
  };
  return {
    name: "notices",
    apply: "build",
    generateBundle() {
      const konva = read("konva/LICENSE").trim();
      const terms = konva.slice(konva.indexOf("Permission is hereby granted"));
      const source = [
        `${titleOf("konva")}\n\n${konva}`,
        `${titleOf("onnxruntime-web")}\n${titleOf("onnxruntime-common")}\n\n${ONNXRUNTIME_COPYRIGHT}\n\n${terms}`,
      ].join("\n\n----\n\n");
      this.emitFile({ type: "asset", fileName: "NOTICES.txt", source: `${source}\n` });
    },
  };
}

export default defineConfig({
  plugins: [mockServer(), notices()],
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "development|production"] },
  worker: { format: "es" },
  server: { host: "127.0.0.1", port: 5183, strictPort: true },
  build: {
    outDir: fileURLToPath(new URL("../src/partly/studio/http/static", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
    reportCompressedSize: true,
  },
});
